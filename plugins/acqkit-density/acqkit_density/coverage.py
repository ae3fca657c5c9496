"""The `coverage` form: picks whose neighborhoods, with those of the labeled pairs, cover the pool.

  maximize  f(S) = Σ_{i∈S} u_i + λ·Σ_j w_j · max_{i ∈ S ∪ L} k(i, j)

f is monotone submodular, so the greedy choice is within 1 − 1/e of the best (Nemhauser et al.
1978). The gains of all candidates are kept up to date: a pick lowers those of the pairs alone that
cover what it covers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from acqkit.embeddings import Float64Array, IntArray
from acqkit_density.gains import Gains
from acqkit_density.kernel import CoverageKernel
from acqkit_density.regions import RegionsForm
from acqkit_density.view import PoolView

_ROWS = 8_192
"""Rows whose gains are summed at a time, so that the terms stay in the processor's cache."""
_MARGIN = 4
"""Times the picks for which a constrained choice gets gains in greedy order; the other candidates
get what they would add after those. More costs time and changes choices that rules force far from
the greedy ones."""
_NEAR = 0.5
"""Kernel value from which a pair counts as covered in what people are told: within 0.83 of the
distance to which neighborhoods typically reach, since exp(−0.83²) = ½."""


@dataclass(eq=False)
class Coverage:
    """The objective while pairs are picked.

    kernel of m rows and t that are to be covered; utilities `[m]`; weights `[t]` are λ·w_j;
    covered `[t]` is max k(i, j) over the labeled and the picks so far.
    """

    kernel: CoverageKernel
    utilities: Float64Array
    weights: Float64Array
    covered: Float64Array

    def with_picks(self, rows: IntArray) -> Coverage:
        """The objective after `rows` were picked."""
        covers, covered = self.kernel.covers[rows], self.covered.copy()
        np.maximum.at(covered, covers.indices, covers.data)
        return replace(self, covered=covered)

    def gains(self) -> Float64Array:
        """What picking each row would add now, `[m]`."""
        covers, sums = self.kernel.covers, np.empty(len(self.utilities))
        for first in range(0, len(sums), _ROWS):
            starts = covers.indptr[first : first + _ROWS + 1]
            inside = slice(starts[0], starts[-1])
            columns = covers.indices[inside]
            new = np.maximum(covers.data[inside] - self.covered[columns], 0.0)
            new *= self.weights[columns]
            own = np.add.reduceat(np.append(new, 0.0), starts[:-1] - starts[0])
            own[np.diff(starts) == 0] = 0.0
            sums[first : first + _ROWS] = own
        return self.utilities + sums

    def value(self) -> float:
        """Σ_j λ·w_j · covered_j."""
        return float(self.weights @ self.covered)


def greedy(
    coverage: Coverage,
    candidates: IntArray,
    n: int,
    *,
    region: IntArray | None = None,
    quota: IntArray | None = None,
) -> IntArray:
    """`n` picks out of `candidates` in order of choice, always the one with the largest gain.

    With `region` `[m]` and `quota` `[K]`, at most quota_k picks come from region k (a partition
    matroid: the guarantee is then 1/2). Of equal gains the first row's counts. Fewer than `n` are
    returned only when candidates or quotas are spent.
    """
    kernel, weights, covered = coverage.kernel, coverage.weights, coverage.covered.copy()
    gains = np.full(len(coverage.utilities), -np.inf)
    gains[candidates] = coverage.gains()[candidates]
    picked: list[int] = []
    for _ in range(min(n, len(candidates))):
        if quota is not None and region is not None:
            spent = quota <= np.bincount(region[picked], minlength=len(quota))
            gains[spent[region]] = -np.inf
        best = int(gains.argmax())
        if gains[best] == -np.inf:
            break
        picked.append(best)
        own = slice(*kernel.covers.indptr[best : best + 2])
        columns, values = kernel.covers.indices[own], kernel.covers.data[own]
        rising = values > covered[columns]
        columns, after = columns[rising], values[rising]
        # Whoever covers one of these adds max(k − after, 0) to it now, not max(k − before, 0).
        others = kernel.coverers[columns]
        counts = np.diff(others.indptr)
        before, after_each = np.repeat(covered[columns], counts), np.repeat(after, counts)
        lost = np.minimum(others.data, after_each) - np.minimum(others.data, before)
        np.subtract.at(gains, others.indices, lost * np.repeat(weights[columns], counts))
        covered[columns] = after
        gains[best] = -np.inf
    return np.array(picked, dtype=np.int64)


def gains_in_order(coverage: Coverage, candidates: IntArray, n: int) -> Float64Array:
    """What each pair adds `[m]` when the greedy choice has come to it, or after `n` picks.

    The sum over any set of picks never exceeds what the set covers if it is a beginning of
    the greedy order; elsewhere it is the modular stand-in that a linear program needs.
    """
    picked = greedy(coverage, candidates, n)
    gains = np.zeros(len(coverage.utilities))
    rest = np.setdiff1d(candidates, picked)
    gains[rest] = coverage.with_picks(picked).gains()[rest]
    gains[picked] = coverage.utilities[picked] + newly_covered(coverage, picked)[0]
    return gains


def newly_covered(coverage: Coverage, rows: IntArray) -> tuple[Float64Array, list[IntArray]]:
    """What picks `rows` `[n]` add to the coverage `[n]`, one after another.

    With it, for each, which of the t rows it is the first to be near, of kernel value ½ or more.
    """
    covers, covered = coverage.kernel.covers[rows], coverage.covered.copy()
    added, first = np.zeros(len(rows)), []
    for pick, (start, stop) in enumerate(zip(covers.indptr[:-1], covers.indptr[1:], strict=True)):
        columns, values = covers.indices[start:stop], covers.data[start:stop]
        before = covered[columns]
        added[pick] = np.maximum(values - before, 0.0) @ coverage.weights[columns]
        first.append(columns[(before < _NEAR) & (values >= _NEAR)])
        covered[columns] = np.maximum(before, values)
    return added, first


@dataclass(frozen=True, slots=True)
class CoverageForm:
    """λ, relative to n over the sum of weights, and the power of informativeness in w_j."""

    weight: float
    power: float
    regions: RegionsForm

    def objective(self, view: PoolView, utilities: Float64Array, n: int) -> Coverage:
        """The objective of `n` picks, before the first of them."""
        assert view.kernel is not None  # a view without one is made for regions alone
        weights = utilities[view.graph_rows] ** self.power
        weights = np.asarray(self.weight * n * (weights / max(float(weights.sum()), 1e-12)))
        uncovered = np.zeros(len(weights))
        return Coverage(view.kernel, utilities, weights, uncovered).with_picks(view.covering)

    def choose(self, view: PoolView, utilities: Float64Array, n: int) -> IntArray:
        """The greedy choice."""
        return greedy(self.objective(view, utilities, n), view.candidates, n)

    def values(self, view: PoolView, utilities: Float64Array, n: int) -> Float64Array:
        """Gains in greedy order."""
        return gains_in_order(self.objective(view, utilities, n), view.candidates, _MARGIN * n)

    def gains(self, view: PoolView, utilities: Float64Array, rows: IntArray) -> Gains:
        """Utility and coverage; of a sample, `newly_covered` is estimated for the pool."""
        added, first = newly_covered(self.objective(view, utilities, len(rows)), rows)
        others = [
            np.count_nonzero(view.graph_rows[own] != row)
            for own, row in zip(first, rows, strict=True)
        ]
        parts = {"utility": utilities[rows], "coverage": added}
        return Gains(parts, view.pairs_per_row * np.array(others, dtype=np.float64))
