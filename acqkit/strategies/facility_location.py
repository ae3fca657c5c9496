"""Strategy `facility-location`: every pair is to have a pick that is like it."""

from __future__ import annotations

from acqkit.interfaces import RoundContext, Selection
from acqkit.strategies.coverage import GreedyCoverage, cosine


class FacilityLocation(GreedyCoverage):
    """Greedy choice of the pairs to which all others are most similar."""

    def select(self, context: RoundContext, n: int) -> Selection:
        """`n` picks by facility location (Wei et al. 2015).

        Maximizes (1/N) Σ_j max_{i ∈ S ∪ L} (1 + cos(xᵢ, xⱼ)) / 2 over sets S of `n` picks,
        with x the unified means and L the pairs that are labeled or wait for an answer. Greedy,
        so within 1 − 1/e of the best. Scores are what each pick adds. Costs as `max-herding`.
        """
        return self.cover(context, n, cosine())
