"""Strategy `information-density`: uncertain pairs that many others are like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from acqkit.components.compose import Composed
from acqkit.embeddings import FloatArray, PairEmbeddings
from acqkit.interfaces import Component, RoundContext, Scores, Selection
from acqkit.neighbors import inner_products, unit
from acqkit.selection import check_budget
from acqkit.strategies.information import label_entropy
from acqkit.strategies.max_herding import classes_known, cover_first
from acqkit.strategies.order import unified_means
from acqkit.strategies.top import Top

_BLOCK = 16_384
"""Candidates whose directions are summed at a time."""


class InformationDensity(Component):
    """The entropy of the predicted labels times the density of the pool around a pair."""

    beta: float = Field(1.0, ge=0, description="power of the density")

    def select(self, context: RoundContext, n: int) -> Selection:
        """`n` picks with the highest H(pᵢ) · ((1/U) Σ_j sim(xᵢ, xⱼ))^beta.

        From Settles and Craven 2008. H is the entropy of the unified probabilities,
        U the number of candidates j, and sim(x, y) = (1 + cos(x, y)) / 2 of unified means, whose
        sum over all candidates is one product with the sum of their directions: linear in the
        pool. Terms are both factors. Before there are class probabilities, `max-herding` picks.
        """
        check_budget(n, len(context.candidates))
        if not classes_known(context.embeddings):
            return cover_first(context, n)
        return Composed(scorer=_Scorer(beta=self.beta), allocator=Top()).select(context, n)


class _Scorer(Component):
    """What `information-density` ranks by."""

    beta: float

    def prepare(self, context: RoundContext) -> _Prepared:
        """With the mean direction of the candidates."""
        candidates = context.canonical(context.candidates)
        total = np.zeros(context.embeddings.content().dim)
        for start in range(0, len(candidates), _BLOCK):
            means = unified_means(context.embeddings, candidates[start : start + _BLOCK])
            total += unit(means).sum(axis=0, dtype=np.float64)
        return _Prepared(self.beta, (total / len(candidates)).astype(np.float32))

    def score(self, block: PairEmbeddings, context: RoundContext) -> Scores:
        """As `select` says, `[k]`."""
        return self.prepare(context).score(block, context)


@dataclass(frozen=True, eq=False)
class _Prepared:
    beta: float
    mean_direction: FloatArray

    def score(self, block: PairEmbeddings, context: RoundContext) -> Scores:
        entropy = label_entropy(block.unified_probabilities(), block.multilabel)
        directions = unit(block.content().unified_mean())
        # Rounding may take it below 0 where all others lie opposite.
        density = np.maximum((1 + inner_products(directions, self.mean_direction)) / 2, 0)
        score = np.asarray(entropy * density**self.beta, dtype=np.float32)
        return Scores(score, {"entropy": entropy, "density": density})
