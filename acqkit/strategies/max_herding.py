"""Strategy `max-herding`: coverage of the pool under a smooth kernel."""

from __future__ import annotations

from pydantic import Field

from acqkit.embeddings import PairEmbeddings
from acqkit.interfaces import RoundContext, Selection
from acqkit.strategies.coverage import SMALLEST_RADIUS, GreedyCoverage, gaussian


class MaxHerding(GreedyCoverage):
    """Greedy coverage of the pool by a Gaussian kernel around the picks."""

    radius: float = Field(
        1.0, ge=SMALLEST_RADIUS, description="radius of the kernel, between unit vectors"
    )

    def select(self, context: RoundContext, n: int) -> Selection:
        """`n` picks that cover the pool (Bae et al. 2024, algorithm 1).

        Maximizes (1/N) Σ_j max_{i ∈ S ∪ L} exp(−‖xᵢ − xⱼ‖² / radius²) over sets S of `n`
        picks, with x the unified means at unit length and L the pairs that are labeled or wait
        for an answer. Greedy, so within 1 − 1/e of the best. Scores are what each pick adds.
        Costs one comparison of every two pairs looked at (see `considered` and `witnesses`), and
        a few more a pick, in memory linear in the pool.
        """
        return self.cover(context, n, gaussian(self.radius))


def classes_known(embeddings: PairEmbeddings) -> bool:
    """Whether there are class probabilities; a model gives none before its first label."""
    return embeddings.a.probabilities is not None and embeddings.b.probabilities is not None


def cover_first(
    context: RoundContext, n: int, why: str = "the model knows no classes yet"
) -> Selection:
    """What strategies that need class probabilities pick while there are none: `max-herding`."""
    picked = MaxHerding().select(context, n)
    reasons = [f"covers the pool, since {why}"] * n
    return Selection(picked.positions, picked.scores, record={**picked.record, "reasons": reasons})
