"""One array out of a file, whatever the format and version: .mat, .h5, .npy or text.

Matrices have the shape that MATLAB shows: version 7.3 files store them transposed, which
MATLAB marks by an attribute of each variable.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.errors import PoolError
from acqkit.pool.source import reading

_HDF5 = b"\x89HDF\r\n\x1a\n"
_NPY = b"\x93NUMPY"
_HDF5_AT = (0, 512)
"""Where HDF5 begins: MATLAB writes 512 bytes of its own before it."""
_TEXT = (".txt", ".list", ".dat", ".csv")


def read_array(path: Path, keys: tuple[str, ...] = (), column: int | None = None) -> NDArray[Any]:
    """The first of `keys` that `path` holds; the whole of a .npy or text file.

    `column` picks one column of a text file (the others may be words), `[n]`. Numbers of
    eight bytes come as float32. A .npy file, and an HDF5 variable stored in one piece that is
    not MATLAB's, come memory-mapped and in their own dtype. Raises PoolError for a file that
    cannot be read, a key that is not there, and values that are not numbers.
    """
    with reading(path):
        array = _read(path, keys, column)
    if array.dtype.kind not in "fiub":
        held = f" under {keys[0]!r}" if keys else ""
        raise PoolError(f"{path} holds {array.dtype} values{held}, wanted numbers")
    return array


def _read(path: Path, keys: tuple[str, ...], column: int | None) -> NDArray[Any]:
    kind = _format(path)
    if kind == "npy":
        mapped: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        return mapped
    if kind == "text":
        columns = None if column is None else (column,)
        return np.loadtxt(
            path, dtype=np.float32, usecols=columns, comments=None, encoding="latin-1"
        )
    return _read_hdf5(path, keys) if kind == "hdf5" else _read_mat(path, keys)


def _format(path: Path) -> str:
    """By content, because both versions of MATLAB's format end in .mat."""
    with path.open("rb") as file:
        head = file.read(_HDF5_AT[-1] + len(_HDF5))
    if any(head[start : start + len(_HDF5)] == _HDF5 for start in _HDF5_AT):
        return "hdf5"
    if head.startswith(_NPY):
        return "npy"
    return "text" if path.suffix in _TEXT else "mat"


def _read_mat(path: Path, keys: tuple[str, ...]) -> NDArray[Any]:
    scipy_io = import_module("scipy.io")  # here, so that listing data sets does not load it
    try:
        key = _held(path, keys, [name for name, _, _ in scipy_io.whosmat(path)])
        value = scipy_io.loadmat(path, variable_names=[key])[key]
    except scipy_io.matlab.MatReadError as error:
        raise OSError(error) from None
    return _narrow(value.toarray() if hasattr(value, "toarray") else np.asarray(value))


def _read_hdf5(path: Path, keys: tuple[str, ...]) -> NDArray[Any]:
    h5py = _h5py(path)
    with h5py.File(path, "r") as file:
        key = _held(path, keys, file)
        variable = file[key]
        if not isinstance(variable, h5py.Dataset):
            raise PoolError(
                f"{path} holds a struct or a sparse matrix under {key!r}, wanted a full matrix; "
                "save it again as one"
            )
        if "MATLAB_class" in variable.attrs:
            return _narrow(variable[()].T)
        offset = variable.id.get_offset()
        if offset is None or variable.size == 0 or variable.dtype.kind not in "fiub":
            return _narrow(variable[()])
        dtype, shape = variable.dtype, variable.shape
        return np.memmap(path, mode="r", dtype=dtype, shape=shape, offset=offset)


def _h5py(path: Path) -> Any:
    try:
        return import_module("h5py")
    except ImportError:
        raise PoolError(
            f"{path} is an HDF5 file (as is .mat of version 7.3), which needs h5py; "
            "run `pip install h5py`"
        ) from None


def _held(path: Path, keys: tuple[str, ...], held: Iterable[str]) -> str:
    names = list(held)
    for key in keys:
        if key in names:
            return key
    wanted = " or ".join(repr(key) for key in keys)
    listed = ", ".join(repr(name) for name in names[:12])
    raise PoolError(f"{path} has no {wanted}; it holds {listed or 'nothing'}")


def _narrow(array: NDArray[Any]) -> NDArray[Any]:
    """The array row by row, because pairs are read by row and MATLAB stores by column.

    Doubles, as which MATLAB stores even zeros and ones, become float32.
    """
    wide = array.dtype.kind in "fiu" and array.dtype.itemsize > 4
    return np.ascontiguousarray(array, dtype=np.float32 if wide else None)
