"""Coverage of a pool by picks under a kernel, maximized greedily; shared by several strategies.

  f(S) = Σ_j w_j · max_{i ∈ S ∪ L} k(i, j)

is monotone submodular in S, so that the greedy choice is within 1 − 1/e of the best (Nemhauser et
al. 1978).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from acqkit.embeddings import FloatArray, IntArray
from acqkit.interfaces import Component, RoundContext, Selection
from acqkit.neighbors import Vectors, device_of, on_device, on_host, unit
from acqkit.selection import check_budget
from acqkit.strategies.lazy import lazy_greedy
from acqkit.strategies.order import considered, points_of, settled

Kernel = Callable[[Tensor], Tensor]
"""Turns inner products of unit vectors, in place, into how well one covers the other."""

Weigh = Callable[[FloatArray], FloatArray]
"""Weights `[t]` of pairs, from their means at unit length `[t, d]`."""

SMALLEST_RADIUS = 0.01
"""Below it, float32 does not tell squared distances of unit vectors from rounding."""

_TILE = 512, 2_048
"""Rows and columns of a tile of kernel values: 4 MiB of float32."""
_LARGE_TILE = 4_096, 16_384
"""The same on a device with memory of its own: 256 MiB."""


def gaussian(radius: float) -> Kernel:
    """exp(−‖x − y‖² / radius²), where ‖x − y‖² = 2 − 2 x·y."""
    scale = 2 / radius**2
    return lambda product: product.sub_(1).mul_(scale).exp_()


def cosine() -> Kernel:
    """(1 + x·y) / 2, which is at least 0."""
    return lambda product: product.add_(1).mul_(0.5)


class GreedyCoverage(Component):
    """Covers a pool under a kernel; how much of a large pool is looked at."""

    considered: int = Field(
        50_000, ge=1, description="picks come from a sample of at most this many pairs"
    )
    witnesses: int = Field(
        10_000, ge=1, description="coverage is summed over a sample of at most this many pairs"
    )

    def cover(
        self, context: RoundContext, n: int, kernel: Kernel, weigh: Weigh | None = None
    ) -> Selection:
        """`n` picks in greedy order, with the share of the total weight that each newly covers.

        Labeled pairs, and those asked for that wait for an answer, cover from the start.
        Without `weigh` all pairs weigh the same. Exact up to `witnesses` pairs; beyond, what is
        covered is estimated on a uniform sample, and beyond `considered` picks come from one.
        Once everything is covered, the rest is picked at random.
        """
        check_budget(n, len(context.candidates))
        positions = considered(context, n, self.considered)
        x = unit(points_of(context, positions))
        witnesses = x[: self.witnesses]
        weights = np.ones(len(witnesses), dtype=np.float32)
        if weigh is not None:
            weights = weigh(on_host(on_device(witnesses, "cpu")))
        coverage = Coverage(x, witnesses, weights, kernel)
        coverage.cover(unit(points_of(context, settled(context))))
        free = np.isin(positions, context.candidates)
        bounds = np.full(len(x), -np.inf, dtype=np.float32)
        bounds[free] = coverage.gains(np.flatnonzero(free))
        rows, gains = lazy_greedy(bounds, coverage.gains, coverage.pick, n)
        record = {"covered": coverage.covered()}
        return Selection(positions[rows], gains / coverage.total, record=record)


class Coverage:
    """The objective while pairs are picked.

    x `[m, d]`: unit vectors of what may be picked; witnesses `[t, d]`: of what is to be covered;
    weights `[t]`. Kernel values are computed a tile at a time and never kept.
    """

    def __init__(self, x: Vectors, witnesses: Vectors, weights: FloatArray, kernel: Kernel) -> None:
        device = device_of(x)
        self._x, self._witnesses = on_device(x, device), on_device(witnesses, device)
        self._weights = on_device(weights, device)
        self._covered = torch.zeros_like(self._weights)
        self._kernel = kernel
        # A GPU has more memory, and calls take longer than small tiles.
        self._rows, self._columns = _TILE if device.type == "cpu" else _LARGE_TILE
        self._buffer = torch.empty(self._rows * self._columns, device=device)

    @property
    def total(self) -> float:
        """Σ_j w_j, or 1 where all weights are 0."""
        return float(self._weights.sum()) or 1.0

    def covered(self) -> float:
        """f relative to what full coverage would be."""
        return float(self._weights @ self._covered) / self.total

    def values(self) -> FloatArray:
        """How well each witness is covered, `[t]`."""
        return on_host(self._covered)

    def cover(self, known: Vectors) -> None:
        """Count unit vectors `[l, d]` as picked."""
        for start in range(0, len(known), self._rows):
            self._cover(on_device(known[start : start + self._rows], self._x.device))

    def pick(self, row: int) -> None:
        """Count a row of x as picked."""
        self._cover(self._x[row : row + 1])

    def _cover(self, picked: Tensor) -> None:
        for columns, tile in self._tiles(picked):
            own = self._covered[columns]
            torch.maximum(own, tile.amax(dim=0), out=own)

    def gains(self, rows: IntArray) -> FloatArray:
        """Σ_j w_j · max(k(i, j) − covered_j, 0) of some rows of x, `[r]`."""
        sums = torch.zeros(len(rows), device=self._x.device)
        for start in range(0, len(rows), self._rows):
            own = slice(start, start + self._rows)
            wanted = on_device(rows[own], self._x.device)
            for columns, tile in self._tiles(self._x[wanted]):
                new = tile.sub_(self._covered[columns]).clamp_(min=0)
                sums[own] += new @ self._weights[columns]
        return on_host(sums)

    def _tiles(self, rows: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """Kernel values of a tile's rows; the next tile overwrites the buffer of this one."""
        for start in range(0, len(self._witnesses), self._columns):
            columns = slice(start, start + self._columns)
            right = self._witnesses[columns]
            tile = self._buffer[: len(rows) * len(right)].view(len(rows), len(right))
            yield columns, self._kernel(torch.mm(rows, right.T, out=tile))
