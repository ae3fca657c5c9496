"""The greedy choice of `coverage` on a large sample, where no transposed kernel is made.

A graph that says for each row who is near it is read the other way round: gains of all are one
scatter over it, and what a row covers is looked up for those few that may be picked next.
Sorting the kernel by who covers takes several times as long as the whole choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from acqkit.embeddings import BoolArray, FloatArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_BLOCK = 8_192
"""Rows whose new gains are held at a time: what stays in the cache."""
_LIKELY = 20
"""Rows looked up at a time, times the picks that are left."""


@dataclass(frozen=True, eq=False, slots=True)
class Covering:
    """Who covers each of t rows out of `total`, and how well.

    rows, kernel `[t, w]`: k(i, j) of every i that covers row j, 0 in places that are nobody's.
    """

    rows: Ints
    kernel: FloatArray
    total: int

    def gains(self, covered: FloatArray, weights: Floats) -> Floats:
        """What each row would add to Σ_j w_j·covered_j, `[total]`."""
        gains = np.zeros(self.total)
        for start in range(0, len(covered), _BLOCK):
            own = slice(start, start + _BLOCK)
            new = np.maximum(self.kernel[own] - covered[own, None], 0) * weights[own, None]
            np.add.at(gains, self.rows[own].ravel(), new.ravel())
        return gains

    def covered_by(self, rows: Ints) -> FloatArray:
        """How well each of the t is covered by the best of some `rows`, `[t]`."""
        by = self._is_among(rows)[self.rows]
        return np.asarray(self.kernel.max(axis=1, initial=0.0, where=by))

    def of(self, rows: Ints) -> sparse.csr_matrix:
        """Row i holds what `rows[i]` covers, `[k, t]`."""
        place = np.zeros(self.total, dtype=np.int32)
        place[rows] = np.arange(len(rows))
        entries = np.flatnonzero(self._is_among(rows)[self.rows])
        covered, coverer = entries // self.rows.shape[1], place[self.rows.ravel()[entries]]
        shape = len(rows), len(self.rows)
        return sparse.csr_matrix((self.kernel.ravel()[entries], (coverer, covered)), shape)

    def _is_among(self, rows: Ints) -> BoolArray:
        among: BoolArray = np.zeros(self.total, dtype=bool)
        among[rows] = True
        return among


def greedy_at_once(
    covering: Covering,
    utilities: Floats,
    weights: Floats,
    labeled: Ints,
    candidates: Ints,
    n: int,
) -> Ints:
    """The picks of `greedy` without quotas, but for ties within rounding; quicker for many rows.

    utilities `[total]`, weights `[t]`, already multiplied by λ; `labeled` cover from the start.
    After a pick, what it takes from the gains of others is subtracted in a few operations on
    arrays; the lazy choice computes gain after gain, hundreds a pick where many are alike.
    """
    covered = covering.covered_by(labeled)
    gains = np.full(covering.total, -np.inf)
    gains[candidates] = (utilities + covering.gains(covered, weights))[candidates]
    picked: list[int] = []
    place: dict[int, int] = {}
    for left in range(min(n, len(candidates)), 0, -1):
        best = int(gains.argmax())
        if best not in place:
            # Stable, as `argmax` is: of equal gains the first is among them.
            likely = np.argsort(-gains, kind="stable")[: _LIKELY * left]
            place = {row: i for i, row in enumerate(likely.tolist())}
            found = covering.of(likely)
        picked.append(best)
        own = slice(*found.indptr[place[best] : place[best] + 2])
        rows, values = found.indices[own], found.data[own]
        rising = values > covered[rows]
        rows, after = rows[rising], values[rising]
        kernel, before = covering.kernel[rows], covered[rows]
        lost = np.minimum(kernel, after[:, None]) - np.minimum(kernel, before[:, None])
        np.subtract.at(gains, covering.rows[rows].ravel(), (lost * weights[rows, None]).ravel())
        covered[rows] = after
        gains[best] = -np.inf
    return np.array(picked, dtype=np.int64)
