"""Scorer `margin`: how close the two likeliest answers are."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from acqkit.embeddings import FloatArray, PairEmbeddings
from acqkit.interfaces import Component, RoundContext
from acqkit.strategies.least_confidence import WIDE, side_by_side


class Margin(Component):
    """Minus the difference between the two largest class probabilities."""

    needs_means: ClassVar[bool] = False

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
        """−(p₁ − p₂) `[k]`, the two largest unified probabilities (Scheffer et al. 2001).

        Multi-label: the second likeliest set of labels differs from the likeliest in the
        class that is hardest to tell, so the score is −min_c |p_c − (1 − p_c)|. Raises
        EmbeddingError when there are no class probabilities.
        """
        return closeness(block.unified_probabilities(), block.multilabel)


def closeness(p: FloatArray, multilabel: bool) -> FloatArray:
    """What `margin` says of class probabilities `[k, c]`: `[k]` between -1 and 0."""
    if multilabel:
        return np.asarray(-np.abs(2 * p - 1).min(axis=1))
    if p.shape[1] == 1:
        return -p[:, 0]
    return -_lead(p)


def _lead(p: FloatArray) -> FloatArray:
    """p₁ − p₂ `[k]`; over columns, which takes half as long as a partition of short rows."""
    if p.shape[1] >= WIDE:
        return _lead_of_wide(p)
    columns = side_by_side(p)
    first, second = columns[0].copy(), np.full_like(columns[0], -np.inf)
    for column in columns[1:]:
        np.maximum(second, np.minimum(first, column), out=second)
        np.maximum(first, column, out=first)
    if len(first) > len(p):
        one, other = first[0::2], first[1::2]
        behind = np.maximum(second[0::2], second[1::2])
        first, second = np.maximum(one, other), np.maximum(np.minimum(one, other), behind)
    return np.asarray(first - second)


def _lead_of_wide(p: FloatArray) -> FloatArray:
    """As `_lead`: the largest, and the largest of the others; long rows are slow to partition."""
    rows, likeliest = np.arange(len(p)), p.argmax(axis=1)
    others = p.copy()
    others[rows, likeliest] = -np.inf
    return np.asarray(p[rows, likeliest] - others.max(axis=1))
