"""Logarithmic opinion pool: several sources of class probabilities, combined."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acqkit.embeddings import FloatArray


def geometric_mean(sources: Sequence[FloatArray], *, multilabel: bool, doubt: float) -> FloatArray:
    """The normalized geometric mean `[n, c]` of class probabilities `[n, c]` of `sources`.

    Of odds where classes are independent (multi-label), of probabilities otherwise. A share
    `doubt` of each source is first spread evenly over the outcomes, so that no source alone can
    rule a class out. Source: logarithmic opinion pool, Genest & Zidek 1986.
    """
    outcomes = 2 if multilabel else sources[0].shape[1]
    doubted = [(1 - doubt) * p.astype(np.float64) + doubt / outcomes for p in sources]
    inside = np.mean([np.log(p) for p in doubted], axis=0)
    if multilabel:
        outside = np.mean([np.log1p(-p) for p in doubted], axis=0)
        pooled = 1 / (1 + np.exp(outside - inside))
    else:
        pooled = np.exp(inside - inside.max(axis=1, keepdims=True))
        pooled /= pooled.sum(axis=1, keepdims=True)
    probabilities: FloatArray = pooled.astype(np.float32)
    return probabilities
