"""Greedy choice under a submodular objective, computing few gains again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from acqkit.embeddings import BoolArray, FloatArray, IntArray

_FIRST, _MOST = 32, 2_048
"""Gains computed again at a time, at first and at most."""

Gains = Callable[[IntArray], FloatArray]
"""What each of some rows `[r]` would add now, `[r]`."""


def lazy_greedy(
    bounds: FloatArray, gains: Gains, pick: Callable[[int], None], n: int
) -> tuple[IntArray, FloatArray]:
    """`n` rows in order of choice, each with the largest gain, and the gains `[n]`.

    `bounds` `[m]` are the gains while nothing is picked, -inf of rows that must not be, and are
    overwritten; `pick` takes a row into account. Under a submodular objective a gain that was
    true before other picks is an upper bound of what it is now (Minoux 1978).
    """
    stale = np.zeros(len(bounds), dtype=bool)
    rows = np.empty(n, dtype=np.int64)
    added = np.empty(n, dtype=np.float32)
    for i in range(n):
        rows[i] = _best(bounds, stale, gains)
        added[i] = bounds[rows[i]]
        pick(int(rows[i]))
        bounds[rows[i]] = -np.inf
        stale[:] = True
    return rows, added


def _best(bounds: FloatArray, stale: BoolArray, gains: Gains) -> int:
    """The row with the largest gain; gains computed on the way take the place of bounds."""
    size = _FIRST
    while True:
        best = int(np.argmax(bounds))
        if not stale[best] or bounds[best] <= 0:
            return best
        known = bounds[~stale].max(initial=-np.inf)
        doubtful = np.flatnonzero(stale & (bounds >= known) & (bounds > -np.inf))
        if len(doubtful) > size:
            doubtful = np.sort(doubtful[np.argpartition(-bounds[doubtful], size - 1)[:size]])
        bounds[doubtful] = gains(doubtful)
        stale[doubtful] = False
        size = min(2 * size, _MOST)
