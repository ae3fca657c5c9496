"""Scorer `entropy`: the entropy of a pair's predicted labels."""

from __future__ import annotations

from typing import ClassVar

from acqkit.embeddings import FloatArray, PairEmbeddings
from acqkit.interfaces import Component, RoundContext
from acqkit.strategies.information import label_entropy


class Entropy(Component):
    """The entropy of the predicted labels, in nats."""

    needs_means: ClassVar[bool] = False

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
        """H(p) = −Σ_c p_c log p_c `[k]` of the unified probabilities (Shannon 1948).

        Multi-label: the sum over classes of Bernoulli entropies. Raises EmbeddingError when
        there are no class probabilities.
        """
        return label_entropy(block.unified_probabilities(), block.multilabel)
