"""The `coverage` form: picks whose neighborhoods, with those of the labeled pairs, cover the pool.

  maximize  f(S) = Σ_{i∈S} u_i + λ·Σ_j w_j · max_{i ∈ S ∪ L} k(i, j)

f is monotone submodular, so the greedy choice is within 1 − 1/e of the best (Nemhauser et al.
1978). Gains only shrink, so stale ones are upper bounds and few are computed anew (lazy
greedy, Minoux 1978). The kernel is kept on a sparse neighbor graph: O(n·k) memory.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_ROWS = 8_192
"""Gains computed at a time: what they are the sums of stays in the cache."""


@dataclass(eq=False)
class Coverage:
    """A running greedy choice.

    kernel: sparse `[n, t]`, row i holds k(i, j) of what i covers of the t rows to be covered;
    utilities `[n]`; weights `[t]`, already multiplied by λ.
    """

    kernel: sparse.csr_matrix
    utilities: Floats
    weights: Floats
    covered: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.covered = np.zeros(self.kernel.shape[1])

    def include(self, positions: Ints) -> None:
        """Count `positions` (the labeled pairs) as covering from the start."""
        for position in positions:
            columns, values = self._row(int(position))
            self.covered[columns] = np.maximum(self.covered[columns], values)

    def gain(self, position: int) -> float:
        """What picking `position` would add to the objective now."""
        columns, values = self._row(position)
        new = np.maximum(values - self.covered[columns], 0.0)
        return float(self.utilities[position] + new @ self.weights[columns])

    def gains(self) -> Floats:
        """All gains at once, `[n]`."""
        kernel, sums = self.kernel, np.empty(len(self.utilities))
        for first in range(0, len(sums), _ROWS):
            starts = kernel.indptr[first : first + _ROWS + 1]
            inside = slice(starts[0], starts[-1])
            columns = kernel.indices[inside]
            new = np.maximum(kernel.data[inside] - self.covered[columns], 0.0)
            new *= self.weights[columns]
            own = np.add.reduceat(np.append(new, 0.0), starts[:-1] - starts[0])
            own[np.diff(starts) == 0] = 0.0
            sums[first : first + _ROWS] = own
        return self.utilities + sums

    def value(self) -> float:
        """Σ_j w_j · covered_j of what is included so far."""
        return float(self.weights @ self.covered)

    def _row(self, position: int) -> tuple[NDArray[np.int32], Floats]:
        start, stop = self.kernel.indptr[position], self.kernel.indptr[position + 1]
        return self.kernel.indices[start:stop], self.kernel.data[start:stop]


def greedy(
    coverage: Coverage,
    candidates: Ints,
    n: int,
    *,
    region: Ints | None = None,
    quota: Ints | None = None,
) -> Ints:
    """`n` picks out of `candidates` in order of choice, by lazy greedy.

    With `region` `[n_pool]` and `quota` `[K]`, at most quota_k picks come from region k (a
    partition matroid: the guarantee is then 1/2). Ties go to whoever stands first in
    `candidates`. Fewer than `n` are returned only when the quotas are spent.
    """
    gains = coverage.gains()
    heap = [(-gains[p], order, int(p)) for order, p in enumerate(candidates)]
    heapq.heapify(heap)
    left = None if quota is None else quota.copy()
    picked: list[int] = []
    while heap and len(picked) < n:
        _, order, position = heapq.heappop(heap)
        if left is not None and region is not None and left[region[position]] == 0:
            continue
        gain = coverage.gain(position)
        if heap and (-gain, order) > heap[0][:2]:
            heapq.heappush(heap, (-gain, order, position))
            continue
        picked.append(position)
        coverage.include(np.array([position]))
        if left is not None and region is not None:
            left[region[position]] -= 1
    return np.array(picked, dtype=np.int64)


def gains_in_order(coverage: Coverage, candidates: Ints, n: int) -> Floats:
    """What each pair adds `[n_pool]` when the greedy choice has come to it, or after `n` picks.

    The sum over any set of picks never exceeds what the set covers if it is a beginning of
    the greedy order; elsewhere it is the modular stand-in that a linear program needs.
    """
    trial = replace(coverage)
    trial.covered[:] = coverage.covered
    picked = greedy(trial, candidates, min(n, len(candidates)))
    gains = np.zeros(len(coverage.utilities))
    for position in picked:
        gains[position] = coverage.gain(int(position))
        coverage.include(np.array([position]))
    rest = np.setdiff1d(candidates, picked)
    gains[rest] = coverage.gains()[rest]
    return gains
