"""Functions for workers: pickled once, arrays beside them, memory-mapped files by their paths.

What shaped this file:

- Arrays beside the pickle are shared by all workers of a machine, without a copy each; but each
  of them costs time with every block, so that small ones are in the pickle.
- A pool or embeddings in files are read by the workers themselves, and never sent.
- In a worker there is no cluster: what would use its engine runs there and then.
- What people look at (`PairPool.display`) stays here, where they do; much of it is an open file.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import ray.cloudpickle
from numpy.typing import NDArray

from acqkit.engine import LOCAL
from acqkit.errors import ConfigError, EngineError, shortened
from acqkit.pool import PairPool
from acqkit_ray.engine import RayEngine

PROTOCOL = 5
_BESIDE = 1 << 16
"""Bytes (64 KiB) from which an array is large: it takes longer to copy than to look up."""


class MappedFile(NamedTuple):
    """A file of which arrays are read, and by what another machine tells that it is the same."""

    path: str
    size: int
    changed: int
    """Whole seconds: not every shared file system keeps more."""


def packed(function: Callable[..., Any]) -> list[Any]:
    """A function as a pickle and the memory of its large arrays, uint8 `[...]` each.

    Raises ConfigError where it cannot be pickled.
    """
    header, buffers = io.BytesIO(), list[Any]()

    def stays_inside(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes >= _BESIDE:
            buffers.append(np.frombuffer(raw, np.uint8))
        return raw.nbytes < _BESIDE

    try:
        _Pickler(header, PROTOCOL, buffer_callback=stays_inside).dump(function)
    except Exception as error:
        raise ConfigError(
            "what is to be run cannot be sent to workers "
            f"({shortened(f'{type(error).__name__}: {error}')}); use the engine local, or parts "
            "that can be pickled"
        ) from error
    return [np.frombuffer(header.getvalue(), np.uint8), *buffers]


def unpacked(sent: list[Any]) -> Any:
    """The function that was packed; its large arrays cannot be written to.

    Raises EngineError where this machine lacks a module or a file that it needs.
    """
    header, *buffers = sent
    try:
        return pickle.loads(header, buffers=buffers)
    except ImportError as error:
        raise EngineError(
            f"a worker on {socket.gethostname()} cannot import what it is to run ({error}); "
            "install it on every machine of the cluster"
        ) from error


class _Pickler(ray.cloudpickle.CloudPickler):  # type: ignore[misc] # ships no type information
    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, RayEngine):
            return _local, ()
        if isinstance(obj, PairPool) and obj.display:
            return replace(obj, display={}).__reduce_ex__(PROTOCOL)
        if isinstance(obj, np.ndarray) and not obj.dtype.hasobject:
            mapped = _mapped(obj)
            if mapped is not None:
                return opened, mapped
            if isinstance(obj, np.memmap):
                return np.asarray(obj).__reduce_ex__(PROTOCOL)  # beside the pickle, as any other
        return super().reducer_override(obj)


def _local() -> Any:
    return LOCAL


Mapped = tuple[MappedFile, np.dtype[Any], tuple[int, ...], tuple[int, ...], int, int]
"""A file with dtype, shape, strides, first byte in the array's memory, and offset in the file."""


def _mapped(array: NDArray[Any]) -> Mapped | None:
    """What `opened` takes, for an array in the memory of a file; None for any other."""
    whole = array
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    if not (isinstance(whole, np.memmap) and isinstance(whole.base, mmap.mmap) and array.size):
        return None
    # Copy-on-write maps may hold what is not in the file.
    if whole.mode not in ("r", "r+") or whole.filename is None:
        return None
    try:
        path = Path(os.fspath(whole.filename)).resolve(strict=True)
        state = path.stat()
    except OSError:
        return None  # removed meanwhile: what is in memory is all there is
    low, high = np.lib.array_utils.byte_bounds(array)
    offset = whole.offset + low - np.lib.array_utils.byte_bounds(whole)[0]
    if offset + high - low > state.st_size:
        return None
    first = int(array.__array_interface__["data"][0]) - low
    file = MappedFile(str(path), state.st_size, int(state.st_mtime))
    return file, array.dtype, array.shape, array.strides, first, offset


def opened(
    file: MappedFile,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    first: int,
    offset: int,
) -> NDArray[Any]:
    """An array in a file, memory-mapped and read-only.

    `strides` are in bytes; `first` is the place of its first value within what it spans, which
    begins at `offset` of the file. Raises EngineError where this machine has not that file.
    """
    try:
        state = Path(file.path).stat()
        found = MappedFile(file.path, state.st_size, int(state.st_mtime))
        data = np.memmap(file.path, np.uint8, mode="r")
    except OSError as error:
        raise EngineError(
            f"a worker on {socket.gethostname()} cannot read {file.path} ({error.strerror}); keep "
            "pool and campaign where every machine of the cluster finds them at the same path"
        ) from error
    if found != file:
        raise EngineError(
            f"{file.path} on {socket.gethostname()} is another file than where the work is asked "
            "for, by its size or its time; keep pool and campaign on storage that is shared"
        )
    return np.ndarray(shape, dtype, buffer=data, offset=offset + first, strides=strides)
