"""What two witnesses agree to; how labels come of it is the same for any probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acqkit.embeddings import FloatArray
from acqkit.metrics.pseudo_labels import COVERAGES as COVERAGES
from acqkit.metrics.pseudo_labels import FLOOR as FLOOR
from acqkit.metrics.pseudo_labels import class_prior as class_prior
from acqkit.metrics.pseudo_labels import decide as decide
from acqkit.metrics.pseudo_labels import least_sure as least_sure
from acqkit.metrics.pseudo_labels import precision_coverage as precision_coverage


def geometric_mean(sources: Sequence[FloatArray], *, multilabel: bool, doubt: float) -> FloatArray:
    """Class probabilities `[n, c]` that all `sources` `[n, c]` can agree to.

    The normalized geometric mean: of odds where classes are independent (multi-label), of
    probabilities otherwise. Before, `doubt` of each source is spread evenly over the outcomes,
    so that none can rule a class out. Source: logarithmic opinion pool, Genest & Zidek 1986.
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
