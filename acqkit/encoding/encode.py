"""Encoding one modality: what is not kept yet is read, and encoded batch by batch on the engine."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from acqkit.embeddings import IntArray
from acqkit.encoding.batches import BatchEncoder, Vectors, decoded_or_why
from acqkit.encoding.items import Item, digest
from acqkit.encoding.vectors import VectorStore
from acqkit.engine import Engine, LocalEngine
from acqkit.errors import PoolError
from acqkit.interfaces import Encoder, ItemKind
from acqkit.pool.source import one_line

_NOTED_AT = 1024
"""Stamps that are written at once where nothing is encoded; fewer wait for the disk more often."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An item that could not be read, decoded or encoded."""

    place: int
    """Its place among the items given."""
    where: str
    problem: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the encoding of a modality stands; `encoded` items of the `done` were not kept yet."""

    modality: str
    done: int
    total: int
    encoded: int
    failed: int


@dataclass
class Encoded:
    """What became of the items of one modality: `rows` `[k]` in the store, -1 for a failure."""

    rows: IntArray
    encoded: int = 0
    failures: list[Failure] = field(default_factory=list)


@dataclass(slots=True)
class _Read:
    """An item that was read: its digest, and what is to be encoded unless that is kept."""

    place: int
    where: str
    key: bytes = b""
    stamp: bytes | None = None
    input: Any = None
    problem: str = ""


_Batch = dict[bytes, list[_Read]]
"""Items to encode by digest, which several may share."""


@dataclass
class ItemEncoder:
    """Encodes items of one modality into a store."""

    modality: str
    kind: ItemKind
    encoder: Encoder
    store: VectorStore
    batch_size: int
    workers: int
    engine: Engine
    report: Callable[[Progress], None]
    _stamps: dict[bytes, bytes] = field(default_factory=dict)
    """Of files that were read, not yet written."""
    _begun: deque[_Batch] = field(default_factory=deque)
    """Batches that are not kept yet, in the order in which they will be."""
    _problems: dict[bytes, str] = field(default_factory=dict)
    """Of what could not be encoded, by digest."""

    @property
    def _decodes(self) -> bool:
        """Whether items are decoded here, while others are encoded; else with their batch.

        Contents are what files hold, which is less to send than pictures are.
        """
        return isinstance(self.engine, LocalEngine)

    def encode(self, items: Iterable[Item], total: int) -> Encoded:
        """All items, in their order; raises PluginError where the encoder is at fault.

        Batches do not depend on the engine, so that vectors are the same to the last bit.
        """
        result = Encoded(np.full(total, -1, dtype=np.int64))
        batches = self._batches(items, total, result)
        first = next(batches, None)
        if first is not None:  # else there is nothing for which to start workers
            encode = BatchEncoder(
                self.modality, self.kind, self.encoder, self.store.dtype, not self._decodes
            )
            for found in self.engine.map(encode, chain([first], batches)):
                self._keep(self._begun.popleft(), found, result)
        self._write_stamps()
        result.failures.sort(key=lambda failure: failure.place)
        self.report(self._progress(total, total, result))
        return result

    def _batches(self, items: Iterable[Item], total: int, result: Encoded) -> Iterator[list[Any]]:
        """What is to be encoded, `batch_size` at a time, each digest once."""
        waiting: _Batch = {}
        for done, read in enumerate(self._read(items), 1):
            row = self.store.row_of(read.key) if read.key else None
            problem = read.problem or self._problems.get(read.key, "")
            if problem:
                result.failures.append(Failure(read.place, read.where, problem))
            elif row is not None:
                result.rows[read.place] = row
                self._note(read)
            else:
                same = next((each for each in self._begun if read.key in each), waiting)
                if read.key in same:
                    read.input = None  # the first one's is encoded
                same.setdefault(read.key, []).append(read)
            if len(waiting) >= self.batch_size:
                yield self._handed_out(waiting)
                waiting = {}
            self.report(self._progress(done, total, result))
        if waiting:
            yield self._handed_out(waiting)

    def _handed_out(self, batch: _Batch) -> list[Any]:
        self._begun.append(batch)
        inputs = [reads[0].input for reads in batch.values()]
        for reads in batch.values():
            reads[0].input = None
        return inputs

    def _note(self, read: _Read) -> None:
        if read.stamp is not None:
            self._stamps[read.stamp] = read.key
        if len(self._stamps) >= _NOTED_AT:
            self._write_stamps()

    def _write_stamps(self) -> None:
        self.store.note(self._stamps)
        self._stamps.clear()

    def _progress(self, done: int, total: int, result: Encoded) -> Progress:
        return Progress(self.modality, done, total, result.encoded, len(result.failures))

    def _read(self, items: Iterable[Item]) -> Iterator[_Read]:
        """Items in their order, read by threads a batch ahead."""
        if self.workers == 0:
            yield from (self._one(place, item) for place, item in enumerate(items))
            return
        pending: deque[Future[_Read]] = deque()
        with ThreadPoolExecutor(self.workers, thread_name_prefix="read") as pool:
            try:
                for place, item in enumerate(items):
                    pending.append(pool.submit(self._one, place, item))
                    if len(pending) > self.batch_size:
                        yield pending.popleft().result()
                while pending:
                    yield pending.popleft().result()
            finally:
                for future in pending:
                    future.cancel()

    def _one(self, place: int, item: Item) -> _Read:
        read = _Read(place, item.where)
        try:
            read.stamp = item.stamp()
            kept = None if read.stamp is None else self.store.key_at(read.stamp)
            if kept is not None and self.store.row_of(kept) is not None:
                read.key, read.stamp = kept, None  # nothing to note
                return read
            content = item.read()
            read.key = digest(content)
            if self.store.row_of(read.key) is None:
                read.input = decoded_or_why(self.kind, content) if self._decodes else content
        except PoolError as error:
            read.problem = str(error)
        except (OSError, ValueError) as error:
            read.problem = f"cannot be read ({one_line(error)})"
        return read

    def _keep(self, batch: _Batch, found: Vectors, result: Encoded) -> None:
        """Keep what was encoded of a batch, an item of each digest."""
        keys = list(batch)
        self._problems |= {keys[place]: problem for place, problem in found.problems.items()}
        good = [key for place, key in enumerate(keys) if place not in found.problems]
        self.store.append(good, found.vectors)
        result.encoded += len(good)
        for key, reads in batch.items():
            row = self.store.row_of(key)
            for read in reads:
                if row is None:
                    result.failures.append(Failure(read.place, read.where, self._problems[key]))
                else:
                    result.rows[read.place] = row
                    self._note(read)
        self._write_stamps()
