"""Scorer `margin`: how close the two likeliest answers are."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from acqkit.embeddings import FloatArray, PairEmbeddings
from acqkit.interfaces import Component, RoundContext


class Margin(Component):
    """Minus the lead of the likeliest answer over the second likeliest."""

    needs_means: ClassVar[bool] = False

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
        """−(p₁ − p₂) `[k]`, the two largest unified probabilities (Scheffer et al. 2001).

        Multi-label: the second likeliest set of labels differs from the likeliest in the
        class that is hardest to tell, so the score is −min_c |p_c − (1 − p_c)|. Raises
        EmbeddingError when there are no class probabilities.
        """
        p = block.unified_probabilities()
        if block.multilabel:
            return np.asarray(-np.abs(2 * p - 1).min(axis=1))
        if p.shape[1] == 1:
            return -p[:, 0]
        largest = np.partition(p, -2, axis=1)
        return largest[:, -2] - largest[:, -1]
