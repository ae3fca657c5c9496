"""Lazy greedy picks what greedy picks, with fewer gains."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from acqkit.embeddings import FloatArray, IntArray
from acqkit.strategies.lazy import lazy_greedy


class Sets:
    """Weighted coverage by sets: rows of 0 and 1 `[m, t]`, weights `[t]`."""

    def __init__(self, members: IntArray, weights: FloatArray) -> None:
        self.members, self.left, self.computed = members, weights.astype(np.float32), 0

    def gains(self, rows: IntArray) -> FloatArray:
        self.computed += len(rows)
        return self.members[rows].astype(np.float32) @ self.left

    def pick(self, row: int) -> None:
        self.left = np.where(self.members[row], np.float32(0), self.left)


@given(st.integers(0, 2**32 - 1), st.integers(1, 90), st.integers(1, 30))
def test_every_pick_has_the_largest_gain(seed: int, m: int, t: int) -> None:
    rng = np.random.default_rng(seed)
    members = (rng.random((m, t)) < rng.random()).astype(np.int64)
    lazy, plain = (Sets(members, rng.integers(0, 4, t).astype("f")) for _ in range(2))
    plain.left = lazy.left
    free = rng.random(m) < 0.7
    free[rng.integers(m)] = True
    bounds = np.where(free, lazy.gains(np.arange(m)), -np.inf).astype(np.float32)
    rows, gains = lazy_greedy(bounds, lazy.gains, lazy.pick, int(free.sum()))
    for row, gain in zip(rows, gains, strict=True):
        now = plain.gains(np.arange(m))
        assert free[row] and gain == now[row] == now[free].max()
        free[row] = False
        plain.pick(int(row))


def test_few_gains_are_computed_again() -> None:
    rng = np.random.default_rng(0)
    sets = Sets(
        (rng.random((3000, 400)) < rng.random((3000, 1)) / 20).astype(int),
        np.ones(400, dtype=np.float32),
    )
    bounds = sets.gains(np.arange(3000))
    sets.computed = 0
    lazy_greedy(bounds, sets.gains, sets.pick, 40)
    assert sets.computed < 0.2 * 40 * 3000
