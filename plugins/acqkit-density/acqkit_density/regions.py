"""The `regions` form: how many pairs to take from each semantic region, exactly.

  maximize  Σ_k U_k(b_k) − λ·B·D( (ℓ + b) / (|L| + B) ‖ π )
  subject to  Σ_k b_k = B,  lower_k ≤ b_k ≤ upper_k,  b integer

U_k(b) is the sum of the region's b highest utilities, ℓ_k the labels it has, π its target
share, D the χ² or Kullback-Leibler divergence. U_k is concave and D separable and convex, so
taking the largest marginal gain B times is exactly optimal (Fox 1966).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from acqkit.errors import BudgetError

Divergence = Literal["chi2", "kl"]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def target_shares(sizes: Ints, alpha: float) -> Floats:
    """π `[K]` ∝ n_k^α over regions that are not empty; α = 0 wants of each the same."""
    shares = np.where(sizes > 0, np.maximum(sizes, 1).astype(np.float64) ** alpha, 0.0)
    return np.asarray(shares / shares.sum())


def region_penalty(
    labeled: Ints | np.int64,
    counts: Floats,
    target: Floats | np.float64,
    total: float,
    scale: float,
    divergence: Divergence,
) -> Floats:
    """`scale` times one region's part of D, elementwise.

    χ²: (q − π)²/π; Kullback-Leibler: q·log(q/π); q = (labeled + counts) / total. Infinite
    where π = 0 and anything is taken; 0 where nothing is.
    """
    if scale == 0.0:
        return np.zeros(np.broadcast(labeled, counts, target).shape)
    share = (labeled + counts) / total
    safe = np.where(target > 0, target, 1.0)
    if divergence == "chi2":
        value = (share - target) ** 2 / safe
    else:
        value = share * np.log(np.where(share > 0, share, 1.0) / safe) * (share > 0)
    return np.asarray(np.where(target > 0, scale * value, np.where(share > 0, np.inf, 0.0)))


@dataclass(frozen=True, eq=False)
class RegionProblem:
    """One allocation problem over K regions.

    utilities: per region, its candidates' utilities in descending order; labeled `[K]`: labels
    so far; target `[K]`: shares that sum to 1, 0 for empty regions; lower, upper `[K]`.
    """

    utilities: Sequence[Floats]
    labeled: Ints
    target: Floats
    budget: int
    weight: float
    divergence: Divergence = "chi2"
    lower: Ints | None = None
    upper: Ints | None = None

    @property
    def available(self) -> Ints:
        """Candidates per region, `[K]`."""
        return np.array([len(u) for u in self.utilities], dtype=np.int64)

    def bounds(self) -> tuple[Ints, Ints]:
        """Floors and ceilings `[K]`, ceilings never above what a region has.

        Raises BudgetError naming the region or the totals that clash.
        """
        available = self.available
        lower = np.zeros_like(available) if self.lower is None else self.lower
        upper = available if self.upper is None else np.minimum(self.upper, available)
        if (lower > upper).any():
            k = int(np.argmax(lower > upper))
            raise BudgetError(
                f"region {k} has a floor of {lower[k]} but at most {upper[k]} can be picked there "
                f"({available[k]} candidates); lower the floor"
            )
        if lower.sum() > self.budget:
            raise BudgetError(
                f"the floors ask for {lower.sum()} pairs but only {self.budget} are to be picked; "
                "lower the floors or ask for more"
            )
        if upper.sum() < self.budget:
            raise BudgetError(
                f"the ceilings allow {upper.sum()} pairs but {self.budget} are to be picked; "
                "raise the ceilings or ask for fewer"
            )
        return lower, upper

    def penalty(self, region: int, counts: Floats) -> Floats:
        """λ·B times the region's part of D when `counts` `[t]` are taken from it."""
        return region_penalty(
            self.labeled[region],
            counts,
            self.target[region],
            float(self.labeled.sum() + self.budget),
            self.weight * self.budget,
            self.divergence,
        )

    def objective(self, picks: Ints) -> float:
        """The value of an allocation `[K]`."""
        value = 0.0
        for region, count in enumerate(picks):
            value += float(self.utilities[region][:count].sum())
            value -= float(self.penalty(region, np.array(count, dtype=np.float64)))
        return value


def allocate(problem: RegionProblem) -> Ints:
    """The optimal integer allocation `[K]`, in O(n + B log K).

    Ties go to the region with the lower number, so that the result is one and the same.
    Raises BudgetError when the bounds cannot be met.
    """
    lower, upper = problem.bounds()
    picks = lower.copy()
    gains = [
        _marginal_gains(problem, region, int(lower[region]), int(upper[region]))
        for region in range(len(picks))
    ]
    heap = [(-gain[0], region) for region, gain in enumerate(gains) if len(gain)]
    heapq.heapify(heap)
    for _ in range(problem.budget - int(lower.sum())):
        _, region = heapq.heappop(heap)
        picks[region] += 1
        taken = int(picks[region] - lower[region])
        if taken < len(gains[region]):
            heapq.heappush(heap, (-gains[region][taken], region))
    return picks


def _marginal_gains(problem: RegionProblem, region: int, low: int, high: int) -> Floats:
    counts = np.arange(low, min(high, low + problem.budget) + 1, dtype=np.float64)
    penalties = problem.penalty(region, counts)
    if len(counts) < 2:
        return np.zeros(0)
    return problem.utilities[region][low : low + len(counts) - 1] - np.diff(penalties)
