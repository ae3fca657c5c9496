"""`TrainingData`: a pool as the training loop reads it, batch by batch."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from acqkit.embeddings import DEFAULT_BLOCK_SIZE, BoolArray, IntArray
from acqkit.interfaces import PairBatch, Pool
from acqkit.models.inputs import Kept, rows_of
from acqkit.models.stream import BlockStream
from acqkit.models.tensors import as_tensor

CACHE_BYTES = 1 << 30
"""Bytes of features that are held on the device (1 GiB: 2 million pairs of width 64 + 64)."""


class TrainingData:
    """Inputs and known labels of a pool, on the device where they fit.

    Features of up to `cache_bytes` are read once into two tensors, so that a batch costs
    two gathers; larger pools are read as a `BlockStream`, raw items from the pool batch by batch.

    What the frozen body of a `Tower` gives is kept as well, once `keep` was told.

    labels `[n, c]` float32 on `device`, zero rows where not labeled; known `[n]` bool: which
    are labeled. labeled `[l]` and everything `[n]` are positions ordered by a hash of the ids,
    so that what is learned does not depend on how the pool is sorted, unless it is streamed.
    """

    def __init__(self, pool: Pool, device: torch.device, cache_bytes: int = CACHE_BYTES) -> None:
        self.pool = pool
        self.device = device
        self.known: BoolArray = np.zeros(len(pool), dtype=bool)
        labeled = pool.labels.labeled
        self.known[labeled] = True
        self.labeled: IntArray = labeled[np.argsort(pool.id_keys()[labeled], kind="stable")]
        fits = pool.dims is not None and 4 * len(pool) * sum(pool.dims) <= cache_bytes
        self._cache = _Cache(pool, device) if fits else None
        self._stream = None if fits or pool.dims is None else BlockStream(pool, self.known)
        self._kept: list[Kept | None] = [None, None]
        self._present: tuple[BoolArray | None, BoolArray | None] = (None, None)

    @functools.cached_property
    def everything(self) -> IntArray:
        """All positions `[n]`, ordered by a hash of the ids."""
        return np.argsort(self.pool.id_keys(), kind="stable")

    @functools.cached_property
    def labels(self) -> Tensor:
        """Label rows of all pairs, `[n, c]` float32; a training reads `labels_of` some alone."""
        return torch.from_numpy(self.pool.labels.matrix.astype(np.float32)).to(self.device)

    @functools.cached_property
    def label_count(self) -> int:
        """How many labels are known: a pair of three classes has three."""
        return int(self.labels_of(self.labeled).sum())

    def __len__(self) -> int:
        return len(self.pool)

    def batches(self, size: int, generator: torch.Generator) -> Iterator[tuple[int, IntArray]]:
        """Endless (epoch, positions `[size]`) of all pairs, in random order.

        Of a pool whose features are not held at once the order is that of `BlockStream`, and each
        epoch misses the few pairs that are too few for a batch.
        """
        if self._stream is not None and not self.keeps_all:
            return self._stream.batches(size, generator)
        return shuffled_batches(self.everything, size, generator)

    def batch(self, positions: IntArray) -> PairBatch:
        """Inputs of the pairs at `positions` `[k]`, tensors on the device where they are cached."""
        if self.keeps_all:
            masks = [None if mask is None else mask[positions] for mask in self._present]
            return self.with_kept(PairBatch(positions, None, None, *masks))
        if self._cache is not None:
            return self.with_kept(self._cache.batch(positions))
        if self._stream is not None:
            return self.with_kept(self._stream.batch(positions))
        return self.with_kept(self.pool.batch(positions))

    def keep(
        self, features: Mapping[int, Tensor], present: tuple[BoolArray | None, BoolArray | None]
    ) -> None:
        """Take features `[n, ...]` of a modality (0 or 1) for its inputs from now on.

        present: masks `[n]` of all pairs, None where all are.
        """
        for side, kept in features.items():
            self._kept[side] = Kept(kept)
        self._present = present

    def keeps(self, side: int) -> bool:
        """Whether features of modality 0 or 1 are kept."""
        return self._kept[side] is not None

    @property
    def keeps_all(self) -> bool:
        """Whether nothing is read from the pool any more."""
        return self.keeps(0) and self.keeps(1)

    def with_kept(self, batch: PairBatch) -> PairBatch:
        """A batch with what is kept in place of its inputs."""
        a, b = (
            inputs if kept is None else rows_of(kept, batch.positions)
            for inputs, kept in zip((batch.a, batch.b), self._kept, strict=True)
        )
        return PairBatch(batch.positions, a, b, batch.present_a, batch.present_b)

    def labels_of(self, positions: IntArray) -> Tensor:
        """Label rows `[k, c]` float32 of the pairs at `positions`."""
        rows = self.pool.labels.matrix[positions].astype(np.float32)
        return torch.from_numpy(rows).to(self.device)


class _Cache:
    def __init__(self, pool: Pool, device: torch.device) -> None:
        assert pool.dims is not None  # only pools of features are cached
        self.a, self.b = (torch.empty(len(pool), width, device=device) for width in pool.dims)
        self.present: tuple[BoolArray | None, BoolArray | None] = (None, None)
        masks: tuple[list[BoolArray | None], list[BoolArray | None]] = ([], [])
        for block in blocks_of(pool):
            rows = slice(int(block.positions[0]), int(block.positions[-1]) + 1)
            self.a[rows] = as_tensor(block.a)
            self.b[rows] = as_tensor(block.b)
            masks[0].append(block.present_a)
            masks[1].append(block.present_b)
        self.present = (_joined(masks[0]), _joined(masks[1]))

    def batch(self, positions: IntArray) -> PairBatch:
        rows = torch.from_numpy(positions).to(self.a.device)
        masks = [None if mask is None else mask[positions] for mask in self.present]
        return PairBatch(positions, self.a[rows], self.b[rows], *masks)


def _joined(masks: list[BoolArray | None]) -> BoolArray | None:
    given = [mask for mask in masks if mask is not None]
    return np.concatenate(given) if given else None


def joined_masks(masks: list[BoolArray | None], sizes: list[int]) -> BoolArray | None:
    """The masks of blocks as one; None where every pair is present."""
    if all(mask is None for mask in masks):
        return None
    whole = [
        np.ones(size, dtype=bool) if mask is None else mask
        for mask, size in zip(masks, sizes, strict=True)
    ]
    return np.concatenate(whole)


def blocks_of(pool: Pool, size: int = DEFAULT_BLOCK_SIZE) -> Iterator[PairBatch]:
    """The inputs of the whole pool, at most `size` pairs at a time, in the order of positions."""
    for start in range(0, len(pool), size):
        yield pool.batch(np.arange(start, min(start + size, len(pool))))


def shuffled_batches(
    positions: IntArray, size: int, generator: torch.Generator
) -> Iterator[tuple[int, IntArray]]:
    """Endless (epoch, batch of `size`), a fresh permutation per epoch.

    The last positions of an epoch, too few for a batch, are dropped: all batches have one
    size, and a contrastive loss over a handful of pairs says little. Fewer positions than
    `size` make one batch an epoch.
    """
    size = min(size, len(positions))
    epoch = 0
    while True:
        order = torch.randperm(len(positions), generator=generator).numpy()
        for start in range(0, len(positions) - size + 1, size):
            yield epoch, positions[order[start : start + size]]
        epoch += 1
