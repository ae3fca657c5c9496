"""The `regions` form: how many pairs to take from each semantic region, exactly.

  maximize  Σ_k U_k(b_k) − λ·B·D( (ℓ + b) / (|L| + B) ‖ π )
  subject to  Σ_k b_k = B,  0 ≤ b_k ≤ candidates in region k,  b integer

U_k(b) is the sum of the region's b highest utilities, ℓ_k the labels it has or has been asked for,
π its target share, D the χ² or Kullback-Leibler divergence. U_k is concave and D separable and
convex, so taking the largest marginal gain B times is exactly optimal (Fox 1966).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from acqkit.embeddings import Float64Array, IntArray
from acqkit_density.gains import Gains
from acqkit_density.view import PoolView

Divergence = Literal["chi2", "kl"]


def target_shares(sizes: IntArray, alpha: float) -> Float64Array:
    """π `[K]` ∝ n_k^α over regions that are not empty; α = 0 wants of each the same."""
    shares = np.where(sizes > 0, np.maximum(sizes, 1).astype(np.float64) ** alpha, 0.0)
    return np.asarray(shares / shares.sum())


@dataclass(frozen=True, eq=False, slots=True)
class RegionPenalty:
    """λ·B·D over K regions: labeled `[K]` are ℓ, target `[K]` is π, weight is λ, budget is B."""

    labeled: IntArray
    target: Float64Array
    budget: int
    weight: float
    divergence: Divergence = "chi2"

    @property
    def total(self) -> float:
        """Labels in all once the picks are labeled, |L| + B."""
        return float(self.labeled.sum() + self.budget)

    def of(self, region: IntArray | int, counts: IntArray | Float64Array) -> Float64Array:
        """The part of each `region` `[t]` when `counts` `[t]` are taken from it.

        χ²: (q − π)²/π; Kullback-Leibler: q·log(q/π); q = (ℓ + counts) / (|L| + B). Infinite where
        π = 0 and there is anything; 0 where there is nothing.
        """
        scale = self.weight * self.budget
        if scale == 0.0:
            return np.zeros(np.broadcast(region, counts).shape)
        target = self.target[region]
        share = (self.labeled[region] + counts) / self.total
        safe = np.where(target > 0, target, 1.0)
        if self.divergence == "chi2":
            value = (share - target) ** 2 / safe
        else:
            value = share * np.log(np.where(share > 0, share, 1.0) / safe) * (share > 0)
        return np.asarray(np.where(target > 0, scale * value, np.where(share > 0, np.inf, 0.0)))


def allocate(utilities: Sequence[Float64Array], penalty: RegionPenalty) -> IntArray:
    """The optimal integer allocation `[K]`, in O(n + B log K).

    utilities: per region, its candidates' utilities in descending order; B of them at the least in
    all. Ties go to the region with the lower number, so that the result is one and the same.
    """
    picks = np.zeros(len(utilities), dtype=np.int64)
    gains = [_marginal_gains(own, region, penalty) for region, own in enumerate(utilities)]
    heap = [(-gain[0], region) for region, gain in enumerate(gains) if len(gain)]
    heapq.heapify(heap)
    for _ in range(penalty.budget):
        _, region = heapq.heappop(heap)
        picks[region] += 1
        if picks[region] < len(gains[region]):
            heapq.heappush(heap, (-gains[region][picks[region]], region))
    return picks


def _marginal_gains(utilities: Float64Array, region: int, penalty: RegionPenalty) -> Float64Array:
    own = utilities[: penalty.budget]
    return own - np.diff(penalty.of(region, np.arange(len(own) + 1)))


@dataclass(frozen=True, slots=True)
class RegionsForm:
    """Target shares ∝ n_k^α, and the weight λ of the divergence from them."""

    alpha: float
    weight: float
    divergence: Divergence

    @property
    def regions(self) -> RegionsForm:
        """Itself: regions are all that its objective is on."""
        return self

    def penalty(self, view: PoolView, n: int) -> RegionPenalty:
        """The divergence term for `n` picks.

        Pairs that wait for an answer count as labeled: they will be.
        """
        labeled = np.bincount(view.region[view.covering], minlength=len(view.sizes))
        target = target_shares(view.sizes, self.alpha)
        return RegionPenalty(labeled, target, n, self.weight, self.divergence)

    def quota(self, view: PoolView, utilities: Float64Array, n: int) -> IntArray:
        """How many of `n` picks come from each region, `[K]`."""
        ordered = [utilities[rows] for rows in _candidates_by_region(view, utilities)]
        return allocate(ordered, self.penalty(view, n))

    def choose(self, view: PoolView, utilities: Float64Array, n: int) -> IntArray:
        """Each region's most informative candidates, as many as its quota; the best first."""
        quota = self.quota(view, utilities, n)
        by_region = _candidates_by_region(view, utilities)
        rows = np.concatenate([own[:count] for own, count in zip(by_region, quota, strict=True)])
        return rows[np.argsort(-utilities[rows], kind="stable")]

    def values(self, view: PoolView, utilities: Float64Array, n: int) -> Float64Array:
        """The utilities themselves."""
        return utilities

    def gains(self, view: PoolView, utilities: Float64Array, rows: IntArray) -> Gains:
        """Utility and the change of the density term, −λ·B·D."""
        region, penalty = view.region[rows], self.penalty(view, len(rows))
        before = np.array([np.count_nonzero(region[:i] == k) for i, k in enumerate(region)])
        density = penalty.of(region, before) - penalty.of(region, before + 1)
        return Gains({"utility": utilities[rows], "density": density})


def _candidates_by_region(view: PoolView, utilities: Float64Array) -> list[IntArray]:
    """Rows of each region's candidates, the most informative first."""
    best_first = view.candidates[np.argsort(-utilities[view.candidates], kind="stable")]
    order = np.argsort(view.region[best_first], kind="stable")
    counts = np.bincount(view.region[view.candidates], minlength=len(view.sizes))
    return np.split(best_first[order], np.cumsum(counts)[:-1])
