"""Encoding one modality: what is not kept yet is read, decoded and encoded, batch by batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from acqkit.embeddings import FloatArray, IntArray
from acqkit.encoding.items import Item, decoded, digest
from acqkit.encoding.vectors import VectorStore
from acqkit.errors import AcqkitError, PluginError, PoolError
from acqkit.interfaces import Encoder, ItemKind
from acqkit.pool.source import one_line
from acqkit.tensors import as_numpy

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
    """An item that was read: its digest, and what the encoder gets unless that is kept."""

    place: int
    where: str
    key: bytes = b""
    stamp: bytes | None = None
    input: Any = None
    problem: str = ""


@dataclass
class ItemEncoder:
    """Encodes items of one modality into a store."""

    modality: str
    kind: ItemKind
    encoder: Encoder
    store: VectorStore
    batch_size: int
    workers: int
    report: Callable[[Progress], None]
    _stamps: dict[bytes, bytes] = field(default_factory=dict)
    """Of files that were read, not yet written."""

    def encode(self, items: Iterable[Item], total: int) -> Encoded:
        """All items, in their order; raises PluginError where the encoder is at fault."""
        result = Encoded(np.full(total, -1, dtype=np.int64))
        waiting: dict[bytes, list[_Read]] = {}
        done = 0
        for read in self._read(items):
            done += 1
            row = self.store.row_of(read.key) if read.key else None
            if read.problem:
                result.failures.append(Failure(read.place, read.where, read.problem))
            elif row is not None:
                result.rows[read.place] = row
                self._note(read)
            else:
                waiting.setdefault(read.key, []).append(read)
            if len(waiting) >= self.batch_size:
                self._flush(waiting, result)
            self.report(self._progress(done, total, result))
        self._flush(waiting, result)
        self._write_stamps()
        self.report(self._progress(done, total, result))
        return result

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
                read.input = decoded(self.kind, content)
        except PoolError as error:
            read.problem = str(error)
        except (OSError, ValueError) as error:
            read.problem = f"cannot be read ({one_line(error)})"
        return read

    def _flush(self, waiting: dict[bytes, list[_Read]], result: Encoded) -> None:
        """Encode what waits, an item of each digest, and keep it."""
        if not waiting:
            return
        keys = list(waiting)
        found = self._vectors([waiting[key][0].input for key in keys])
        problems = {
            key: vector for key, vector in zip(keys, found, strict=True) if isinstance(vector, str)
        }
        good = [place for place, key in enumerate(keys) if key not in problems]
        if good:
            self.store.append([keys[place] for place in good], np.stack([found[p] for p in good]))
        result.encoded += len(good)
        for key, reads in waiting.items():
            row = self.store.row_of(key)
            for read in reads:
                if row is None:
                    result.failures.append(Failure(read.place, read.where, problems[key]))
                else:
                    result.rows[read.place] = row
                    self._note(read)
        self._write_stamps()
        waiting.clear()

    def _vectors(self, inputs: Sequence[Any]) -> list[Any]:
        """A vector of each input, or why there is none."""
        try:
            return [_finite(vector, self.store.dtype) for vector in self._call(inputs)]
        except (AcqkitError, MemoryError):
            raise
        except Exception as error:
            if len(inputs) == 1:
                return [f"cannot be encoded ({one_line(error)})"]
            # One bad item must not cost its batch; an encoder at fault fails at every one.
            found = [vector for each in inputs for vector in self._vectors([each])]
            if all(isinstance(vector, str) for vector in found):
                raise
            return found

    def _call(self, inputs: Sequence[Any]) -> FloatArray:
        given = as_numpy(self.encoder.encode(inputs))
        array = np.asarray(given)
        if array.ndim != 2 or len(array) != len(inputs) or array.dtype.kind not in "fiu":
            raise PluginError(
                f"the encoder of {self.modality} gave an array of dtype {array.dtype} and shape "
                f"{array.shape} for {len(inputs)} items, wanted numbers [{len(inputs)}, width]"
            )
        return array


def _finite(vector: FloatArray, dtype: np.dtype[Any]) -> Any:
    with np.errstate(over="ignore"):
        kept = vector.astype(dtype)
    if np.isfinite(kept).all():
        return kept
    if np.isfinite(vector).all():
        return f"has a vector with numbers beyond {dtype.name}; use float32"
    return "has a vector with NaN or infinite numbers"
