"""Scorer `least-confidence`: the probability that the likeliest answer is wrong."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from acqkit.embeddings import FloatArray, PairEmbeddings
from acqkit.interfaces import Component, RoundContext


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
        # Over columns: the maximum along a short axis takes twice as long.
        return np.asarray(1 - np.ascontiguousarray(p.T).max(axis=0))
