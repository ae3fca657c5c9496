"""`BatchReader`: pairs of a pool as a network takes them, read ahead where they are raw items."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from acqkit.embeddings import IntArray
from acqkit.errors import AcqkitError, PoolError, shortened
from acqkit.interfaces import PairBatch, Pool
from acqkit.models.data import TrainingData
from acqkit.models.inputs import Collated, mask_of, rows_of
from acqkit.models.network import Collate, PairNetwork
from acqkit.models.seeding import seeded
from acqkit.randomness import derive_seed


class BatchReader:
    """Reads batches for a training of `network`, and adds up how long it was waited for them.

    Raw items are read and collated in `network.workers` processes, some batches ahead, and from
    pinned memory on a GPU. What collate functions draw from torch's generator depends on the seed
    and the number of the batch, not on who reads it.
    """

    def __init__(self, network: PairNetwork, data: TrainingData, seed: int) -> None:
        self._network = network
        self._data = data
        self._seed = seed
        self.waited = 0.0
        """Seconds in which no batch was there yet."""

    def read(self, wanted: Iterable[IntArray]) -> Generator[PairBatch, None, None]:
        """The pairs at each of the positions `[k]` that are wanted, in their order.

        Raises what the pool and collate functions raise, and PoolError where a process that reads
        was ended.
        """
        raw = self._data.pool.dims is None and not self._data.keeps_all
        batches = self._load(wanted) if raw else map(self._data.batch, wanted)
        while True:
            begun = time.perf_counter()
            batch = next(batches, None)
            self.waited += time.perf_counter() - begun
            if batch is None:
                return
            yield batch

    def _load(self, wanted: Iterable[IntArray]) -> Iterator[PairBatch]:
        workers = self._network.workers
        requests = _Requests(self._data, self._network.collate, self._seed)
        loader: DataLoader[Any] = DataLoader(
            requests,  # type: ignore[arg-type] # all that is asked of it is `requests[i]`
            batch_size=None,
            sampler=enumerate(wanted),
            num_workers=workers,
            collate_fn=_as_it_is,
            pin_memory=self._network.device.type == "cuda",
            generator=torch.Generator(),  # which is else seeded from the global one
        )
        found = iter(loader)
        while True:
            try:
                read = next(found, None)
            except RuntimeError as error:
                if "DataLoader worker" not in str(error):
                    raise
                raise PoolError(
                    f"one of the {workers} processes that read pairs was ended "
                    f"({shortened(str(error))}); is there memory for them? Use fewer workers, "
                    "or none"
                ) from None
            if read is None:
                return
            if isinstance(read, AcqkitError):
                raise read
            positions, a, b, *masks = read
            yield self._data.with_kept(PairBatch(positions, a, b, *masks))


class _Requests:
    """What worker processes do: read some pairs, and collate them."""

    def __init__(self, data: TrainingData, collate: tuple[Collate | None, ...], seed: int) -> None:
        self._pool: Pool = data.pool
        self._collate = [None if data.keeps(side) else collate[side] for side in (0, 1)]
        self._seed = seed

    def __getitem__(self, request: tuple[int, IntArray]) -> tuple[Any, ...] | AcqkitError:
        number, positions = request
        try:
            with seeded(derive_seed(self._seed, number, "read"), torch.device("cpu")):
                batch = self._pool.batch(positions)
                a = self._collated(0, batch.a, mask_of(batch.present_a))
                b = self._collated(1, batch.b, mask_of(batch.present_b))
        except AcqkitError as error:  # whole, where a loader would add its traceback to it
            return error
        return positions, a, b, batch.present_a, batch.present_b

    def _collated(self, side: int, inputs: Any, present: Any) -> Any:
        collate = self._collate[side]
        if collate is None:
            return inputs
        rows = np.arange(len(inputs)) if present is None else np.flatnonzero(present)
        return Collated(collate(rows_of(inputs, rows))) if len(rows) else inputs


def _as_it_is(read: Any) -> Any:
    return read
