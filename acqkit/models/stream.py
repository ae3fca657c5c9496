"""`BlockStream`: the pairs of a large pool in random order, read in blocks of neighbors."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

import numpy as np
import torch

from acqkit.embeddings import DEFAULT_BLOCK_SIZE, BoolArray, FloatArray, IntArray
from acqkit.interfaces import PairBatch, Pool
from acqkit.scratch import scratch

BLOCK = 1024
"""Neighboring pairs that are read at once. Fewer cost more reads; of more, a short training would
see less of a pool that is sorted."""

WINDOW_BYTES = 1 << 26
"""Bytes (64 MiB) of features among which pairs are drawn: more of them mix a sorted pool better."""

_FEWEST = 8
"""Blocks of a window at the least, however wide features are."""

_Rows = tuple[FloatArray, FloatArray, BoolArray | None, BoolArray | None]


class BlockStream:
    """A pool of features that is too large to be held at once, as a training reads it.

    Blocks of `BLOCK` neighboring pairs are drawn at random, without replacement; the pairs of so
    many blocks as `WINDOW_BYTES` hold are shuffled and handed out, then come the next blocks. So a
    training of fixed steps reads the same amount of any pool, from front to back within each block.
    What is learned depends on the order of the pool as far as its neighbors are alike.

    The features of labeled pairs, which every step has some of, are read once at the beginning.
    known `[n]`: which pairs are labeled.
    """

    def __init__(self, pool: Pool, known: BoolArray) -> None:
        assert pool.dims is not None  # raw items are read one by one
        self._pool, self._known = pool, known
        self._window = max(_FEWEST, WINDOW_BYTES // (4 * BLOCK * sum(pool.dims)))
        self._blocks: OrderedDict[int, _Rows] = OrderedDict()
        self._labeled = np.flatnonzero(known)
        self._of_labeled: _Rows | None = None

    def batches(self, size: int, generator: torch.Generator) -> Iterator[tuple[int, IntArray]]:
        """Endless (epoch, positions `[size]`); a window's last pairs, too few for one, are left
        out."""
        epoch, n = 0, len(self._pool)
        count = -(-n // BLOCK)
        while True:
            order = torch.randperm(count, generator=generator).numpy()
            for at in range(0, count, self._window):
                starts = BLOCK * order[at : at + self._window, None]
                rows = (starts + np.arange(BLOCK)).reshape(-1)
                rows = rows[rows < n]
                rows = rows[torch.randperm(len(rows), generator=generator).numpy()]
                for start in range(0, len(rows) - size + 1, size):
                    yield epoch, rows[start : start + size]
            epoch += 1

    def batch(self, positions: IntArray) -> PairBatch:
        """Inputs of pairs that `batches` gave, or that are labeled, in the order of `positions`."""
        assert self._pool.dims is not None
        a, b = (np.empty((len(positions), width), np.float32) for width in self._pool.dims)
        masks: list[BoolArray | None] = [None, None]
        labeled = self._known[positions]
        # -1 stands for the labeled pairs, which are not read in blocks.
        blocks = np.where(labeled, -1, positions // BLOCK)
        for number in np.unique(blocks).tolist():
            own = np.flatnonzero(blocks == number)
            if number < 0:
                rows, found = np.searchsorted(self._labeled, positions[own]), self._labels()
            else:
                rows, found = positions[own] - BLOCK * number, self._block(number)
            a[own], b[own] = found[0][rows], found[1][rows]
            for side, mask in enumerate(found[2:]):
                if mask is not None:
                    whole = masks[side]
                    whole = np.ones(len(positions), bool) if whole is None else whole
                    whole[own] = mask[rows]
                    masks[side] = whole
        return PairBatch(positions, a, b, masks[0], masks[1])

    def _block(self, number: int) -> _Rows:
        if number not in self._blocks:
            stop = min(BLOCK * (number + 1), len(self._pool))
            read = self._pool.batch(np.arange(BLOCK * number, stop))
            self._blocks[number] = (read.a, read.b, read.present_a, read.present_b)
            if len(self._blocks) > self._window:
                self._blocks.popitem(last=False)
        return self._blocks[number]

    def _labels(self) -> _Rows:
        if self._of_labeled is None:
            self._of_labeled = self._read(self._labeled)
        return self._of_labeled

    def _read(self, positions: IntArray) -> _Rows:
        assert self._pool.dims is not None
        k = len(positions)
        a, b = (scratch((k, width), np.float32) for width in self._pool.dims)
        present_a, present_b = np.ones(k, bool), np.ones(k, bool)
        for start in range(0, k, DEFAULT_BLOCK_SIZE):
            rows = slice(start, min(start + DEFAULT_BLOCK_SIZE, k))
            read = self._pool.batch(positions[rows])
            a[rows], b[rows] = read.a, read.b
            for mask, found in ((present_a, read.present_a), (present_b, read.present_b)):
                if found is not None:
                    mask[rows] = found
        masks = (None if mask.all() else mask for mask in (present_a, present_b))
        return (a, b, *masks)  # type: ignore[return-value]
