"""Errors in columns, and how a message names the file and the column."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.errors import AcqkitError, PoolError, shortened
from acqkit.pool.scan import blocks, first_row
from acqkit.tensors import as_numpy

ARGUMENTS = {
    "modality_a": "a",
    "modality_b": "b",
    "modality_names": "modalities",
    "modality_a_present": "present[0]",
    "modality_b_present": "present[1]",
}
"""Names of `PairPool.from_arrays` for columns that files call otherwise."""


class ColumnError(PoolError):
    """What is wrong with a column, by its name in `KEYS`, before its source's name for it is known.

    column: None for the source as a whole. also: a second column, named between `problem` and
    `rest`.
    """

    def __init__(self, column: str | None, problem: str, also: str = "", rest: str = "") -> None:
        super().__init__(f"{column or 'the pool'} {problem}{also}{rest}")
        self.column, self.problem, self.also, self.rest = column, problem, also, rest


@dataclass(frozen=True, slots=True)
class Source:
    """Where columns come from: one file, a folder with a `.npy` each, or arguments.

    `names` are the source's own names of columns, where they differ from `KEYS`.
    """

    file: str | None = None
    folder: bool = False
    names: Mapping[str, str] = field(default_factory=dict)

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Turn each ColumnError into a PoolError that names the file and the source's column."""
        try:
            yield
        except ColumnError as error:
            also = self._short(error.also) if error.also else ""
            raise PoolError(
                f"{self._full(error.column)} {error.problem}{also}{error.rest}"
            ) from None

    def _full(self, column: str | None) -> str:
        if column is None:
            return self.file or "the pool"
        if self.file is None:
            return self._short(column)
        return f"{self.file}{'/' if self.folder else ': '}{self._short(column)}"

    def _short(self, column: str) -> str:
        name = self.names.get(column, column)
        return f"{name}.npy" if self.folder else name


@contextmanager
def reading(what: object, kind: str = "") -> Iterator[None]:
    """Turn whatever a library raises over the file `what` into a PoolError that names it.

    Over a damaged file numpy, zipfile and pyarrow raise nearly any exception there is, so nothing
    but their own calls belongs into the block. kind: what the file was read as. A pipe, which
    would be waited for, or a device, which may never end, is not opened at all.
    """
    if isinstance(what, Path) and what.exists() and not what.is_file():
        raise PoolError(f"{what} is no regular file")
    try:
        yield
    except AcqkitError:
        raise
    except Exception as error:  # noqa: BLE001 - see above
        raise PoolError(f"{what} {_unreadable(error, kind)}") from None


def _unreadable(error: Exception, kind: str) -> str:
    text = str(error)
    if "Object arrays" in text:
        return "holds Python objects; save it with a plain dtype such as float32 or str"
    if "pickled" in text:  # what numpy says of any file whose beginning it does not know
        return "does not begin as numpy's files do; it may be truncated, or of another kind"
    return f"cannot be read{kind and f' as {kind}'} ({one_line(error)}); it may be truncated"


def to_array(values: Any, column: str) -> NDArray[Any]:
    """Values as an array; raises ColumnError for what cannot be one, and for masked values."""
    try:
        if isinstance(values, list | tuple):
            values = [as_numpy(value) for value in values]
        array: NDArray[Any] = np.asanyarray(as_numpy(values))
    except ValueError:
        raise ColumnError(column, "has rows of different lengths") from None
    except Exception as error:  # noqa: BLE001 - objects raise anything when asked for their numbers
        raise ColumnError(column, f"cannot be read as an array ({one_line(error)})") from None
    if isinstance(array, np.ma.MaskedArray):
        index = first_row(np.ma.getmaskarray(array))
        if index >= 0:
            raise ColumnError(column, f"has a masked value, which is no number, in {row(index)}")
        array = np.asarray(array)
    return array


def row(index: int) -> str:
    """A row as messages call it."""
    return f"row {index} (counted from 0)"


def one_line(error: Exception) -> str:
    """The text of an error in one short line without a period at its end."""
    return shortened(str(error)).rstrip(".") or type(error).__name__


def check_repeated(path: object, names: Iterable[str]) -> None:
    """Raise PoolError where two columns of one file have the same name."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise PoolError(f"{path} has more than one column {name!r}; rename one")
        seen.add(name)


def check_digest(what: object, kept: str, found: str) -> None:
    """Raise PoolError unless a file still holds what its digest is of."""
    if kept != found:
        raise PoolError(
            f"{what} is not what was saved, for its content has another digest; get the file "
            "again, or open it all the same with verify=False (--no-verify)"
        )


def as_text(values: NDArray[Any], column: str) -> NDArray[Any]:
    """Bytes as the text they are in UTF-8; other values as they are.

    Raises ColumnError for what is no text: numpy takes any 32 bits for a character of a damaged
    file, and Python fails later over those that Unicode does not have.
    """
    if values.dtype.kind == "U" and values.dtype.itemsize:
        code = np.dtype(np.uint32).newbyteorder(values.dtype.byteorder)
        for _, block in blocks(np.atleast_1d(values)):
            codes = np.ascontiguousarray(block).view(code)
            if ((codes > sys.maxunicode) | ((codes >= 0xD800) & (codes <= 0xDFFF))).any():
                raise ColumnError(column, "holds characters that are not in Unicode")
    if values.dtype.kind != "S":
        return values
    try:
        return np.char.decode(values, "utf-8")
    except UnicodeDecodeError:
        raise ColumnError(column, "holds bytes that are not UTF-8 text") from None
