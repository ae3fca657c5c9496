"""Scorer `least-confidence`: the probability that the likeliest answer is wrong."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from acqkit.embeddings import FloatArray, PairEmbeddings
from acqkit.interfaces import Component, RoundContext

WIDE = 64
"""Classes from which on rows are as fast to go through as columns."""


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
    """The maximum `[k]` of each row; over columns, as along a short axis it takes four times."""
    if p.shape[1] >= WIDE:
        return np.asarray(p.max(axis=1))
    largest = np.asarray(side_by_side(p).max(axis=0))
    if len(largest) > len(p):
        return np.asarray(np.maximum(largest[0::2], largest[1::2]))
    return largest


def side_by_side(p: FloatArray) -> FloatArray:
    """Columns of `p` `[k, c]` in rows: `[c/2, 2k]`, two beside each other, or `[c, k]` of odd `c`.

    Numbers change places by twos in half the time.
    """
    if p.shape[1] % 2:
        return np.ascontiguousarray(p.T)
    twos: FloatArray = np.ascontiguousarray(np.ascontiguousarray(p).view(np.float64).T)
    return twos.view(np.float32)
