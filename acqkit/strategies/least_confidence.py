"""Scorer `least-confidence`: the probability that the likeliest answer is wrong."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from acqkit.embeddings import FloatArray, PairEmbeddings
from acqkit.interfaces import Component, RoundContext

WIDE = 64
"""Classes from which on rows are as fast to go through as columns."""
_ROWS = 2_048
"""Rows transposed at a time: what stays in the cache."""


class LeastConfidence(Component):
    """1 minus the probability of the likeliest label, or its mean over classes."""

    needs_means: ClassVar[bool] = False

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
        """1 − max_c p_c `[k]` of the unified probabilities (Lewis and Gale 1994).

        Multi-label: the mean over classes of 1 − max(p_c, 1 − p_c). Raises EmbeddingError
        when there are no class probabilities.
        """
        p = block.unified_probabilities()
        if block.multilabel:
            return np.asarray(np.minimum(p, 1 - p).mean(axis=1))
        return 1 - _largest(p)


def _largest(p: FloatArray) -> FloatArray:
    """The maximum `[k]` of each row; over columns, as along a short axis it takes three times."""
    if p.shape[1] >= WIDE:
        return np.asarray(p.max(axis=1))
    largest = np.empty(len(p), dtype=np.float32)
    for start in range(0, len(p), _ROWS):
        rows = slice(start, start + _ROWS)
        np.ascontiguousarray(p[rows].T).max(axis=0, out=largest[rows])
    return largest
