"""What a pool holds, as digests: the same content gives the same ones, wherever it is stored."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from acqkit.half import as_float32, is_bfloat16
from acqkit.pool.chunked import ChunkedFeatures
from acqkit.pool.digest_file import FileNotes
from acqkit.pool.features import ArrayFeatures, FeatureSource, FeatureSubset, PlacedFeatures
from acqkit.pool.pairs import PairPool
from acqkit.pool.scan import blocks
from acqkit.randomness import id_keys, mix

_BLOCK_BYTES = 1 << 19
"""Bytes of a column that are summed up at once: they fit the cache. Another value gives other
digests."""

_RAW_ITEMS = 256
"""Raw items (pictures, texts, sounds) in memory at once. Another value gives other digests."""


def content_digests(pool: PairPool) -> dict[str, str | None]:
    """A digest of each column that training, selection and evaluation depend on, by name.

    The names are `ids`, `classes`, `a` and `b` (features as models read them, in float32),
    `present_a`, `present_b`, `truth`, `truth_of`, `split`, `cost` and `group`; a column that the
    pool does not have is left out. None stands for raw items of a kind that cannot be compared.

    Features are read once, block by block, a memory-mapped file through a small buffer; not even
    once where the digest kept beside the file is of its size and time.
    """
    arrays: dict[str, NDArray[Any] | None] = {
        "ids": pool.id_keys(),
        "present_a": pool.present[0],
        "present_b": pool.present[1],
        "truth": pool.truth,
        "truth_of": pool.truth_of,
        "split": pool.test,
        "cost": pool.cost,
        "group": None if pool.group is None else id_keys(pool.group),
    }
    return {
        "classes": _short(hashlib.sha256(encode([pool.multilabel, *pool.class_names]))),
        **{name: _array(values) for name, values in arrays.items() if values is not None},
        "a": features_digest(pool.features[0]),
        "b": features_digest(pool.features[1]),
    }


def columns_digest(columns: Mapping[str, NDArray[Any]]) -> str:
    """A digest of arrays by name, whatever their order."""
    named = [[name, _array(np.atleast_1d(values))] for name, values in sorted(columns.items())]
    return _short(hashlib.sha256(encode(named)))


def items_digest(items: Sequence[Any]) -> str:
    """A digest of texts, bytes and None, in their order."""
    return _short(hashlib.sha256(encode(list(items))))


def encode(value: Any) -> bytes:
    """Plain data, arrays, tensors and pictures as bytes that differ wherever they do.

    Raises TypeError for anything else.
    """
    if isinstance(value, bytes):
        return _tagged("bytes", value)
    if value is None or isinstance(value, bool | int | float | str):
        return _tagged(type(value).__name__, str(value).encode("utf-8", "surrogatepass"))
    if isinstance(value, list | tuple):
        return _tagged("list", *(encode(item) for item in value))
    if isinstance(value, Mapping):
        return _tagged("map", *(encode(pair) for pair in value.items()))
    if not hasattr(value, "__array__") and not hasattr(value, "__array_interface__"):
        raise TypeError(f"a {type(value).__name__} cannot be compared by what it holds")
    array = np.asarray(value)
    if array.dtype.kind == "O":
        return _tagged("list", *(encode(item) for item in array.tolist()))
    return _tagged(array.dtype.str, repr(array.shape).encode(), array.tobytes())


def _tagged(kind: str, *parts: bytes) -> bytes:
    # Lengths in front, so that no two values run together into the same bytes.
    sized = ((len(item).to_bytes(8, "big"), item) for item in (kind.encode(), *parts))
    return b"".join(part for pair in sized for part in pair)


def is_array(source: FeatureSource) -> bool:
    """Whether a modality is numbers in an array, and not raw items."""
    base = source.base if isinstance(source, FeatureSubset) else source
    if isinstance(base, PlacedFeatures):
        return all(map(is_array, base.sources))
    return isinstance(base, ArrayFeatures | ChunkedFeatures)


def features_digest(source: FeatureSource) -> str | None:
    """A digest of one modality as models read it; None for raw items that cannot be compared.

    That of a memory-mapped file is kept beside it.
    """
    if isinstance(source, ArrayFeatures):
        notes = FileNotes(source.array)
        kept = notes.find("digest", str)
        if kept is None:
            notes.keep("digest", kept := _array(source.array, np.float32))
        return kept
    if isinstance(source, ChunkedFeatures):
        return source.digest
    if isinstance(source, FeatureSubset) and isinstance(source.base, ArrayFeatures):
        return _read(source, (len(source), *source.base.array.shape[1:]))
    if isinstance(source, FeatureSubset) and isinstance(source.base, ChunkedFeatures):
        return _read(source, (len(source), *source.base.shape[1:]))
    if isinstance(source, PlacedFeatures):
        return _placed(source)
    digest = hashlib.sha256()
    try:
        for start in range(0, len(source), _RAW_ITEMS):
            positions = np.arange(start, min(start + _RAW_ITEMS, len(source)))
            digest.update(encode(source.rows(positions)))
    except TypeError:
        return None
    return _short(digest)


def _array(array: NDArray[Any], dtype: DTypeLike | None = None) -> str:
    """Of the shape and the rows, read as `dtype` (default: the array's own)."""
    wanted = np.dtype(dtype or array.dtype).newbyteorder("<")
    size = _block_size(wanted, array.shape)
    return _summed(wanted, array.shape, (block for _, block in blocks(array, size)))


def _read(source: FeatureSource, shape: tuple[int, ...]) -> str:
    """That of an array with the same rows, which is of this shape."""
    wanted = np.dtype("<f4")
    size = _block_size(wanted, shape)
    parts = (np.arange(start, min(start + size, shape[0])) for start in range(0, shape[0], size))
    return _summed(wanted, shape, map(source.rows, parts))


class RowsDigest:
    """The digest of an array `shape` of float32, of rows that come a few at a time."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.rows = 0
        wanted = np.dtype("<f4")
        self._size = _block_size(wanted, shape)
        self._digest = hashlib.sha256(encode([wanted.str, *shape]))
        self._waiting = np.zeros((0, *shape[1:]), wanted)

    def add(self, rows: NDArray[np.float32]) -> None:
        """The next rows `[k, ...]`."""
        self.rows += len(rows)
        rows = np.concatenate([self._waiting, rows])
        whole = len(rows) // self._size * self._size
        for start in range(0, whole, self._size):
            self._digest.update(
                _sums(np.ascontiguousarray(rows[start : start + self._size], "<f4"))
            )
        self._waiting = rows[whole:]

    def hexdigest(self) -> str:
        """Of all rows, when the last one has come."""
        if len(self._waiting):
            self._digest.update(_sums(np.ascontiguousarray(self._waiting, "<f4")))
        return _short(self._digest)


def _placed(source: PlacedFeatures) -> str | None:
    """Of those of its parts, which may be kept beside their files."""
    parts = [features_digest(part) for part in source.sources]
    places = source.places
    return (
        None if None in parts else _short(hashlib.sha256(encode([*parts, places.part, places.row])))
    )


def _block_size(wanted: np.dtype[Any], shape: tuple[int, ...]) -> int:
    width = wanted.itemsize * int(np.prod(shape[1:], dtype=np.int64))
    return max(1, _BLOCK_BYTES // max(1, width))


def _summed(wanted: np.dtype[Any], shape: tuple[int, ...], parts: Iterable[NDArray[Any]]) -> str:
    digest = hashlib.sha256(encode([wanted.str, *shape]))
    for block in parts:
        block = as_float32(block) if is_bfloat16(block.dtype) else block
        digest.update(_sums(np.ascontiguousarray(block, wanted)))
    return _short(digest)


def _sums(block: NDArray[Any]) -> bytes:
    """Two weighted sums of the block's 64-bit words, modulo 2^64.

    Multilinear hashing (Lemire and Kaser 2014, "Strongly universal string hashing is fast"),
    which reads as fast as memory does. A sum says little of differences in the words' highest
    bits alone, so the second one is over the words' upper halves: for any two blocks that differ
    the chance of equal sums is below 2^-32.
    """
    data = block.reshape(-1).view(np.uint8)
    if data.size % 8:
        data = np.pad(data, (0, -data.size % 8))
    words = data.view("<u8")
    low, high = (weights[: words.size] for weights in _weights(words.size.bit_length()))
    return bytes(np.array([words @ low, (words >> np.uint64(32)) @ high], dtype="<u8"))


@functools.cache
def _weights(bits: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    drawn = mix(np.arange(2 << bits, dtype=np.uint64))
    return drawn[: 1 << bits], drawn[1 << bits :]


def _short(digest: Any) -> str:
    return str(digest.hexdigest()[:32])
