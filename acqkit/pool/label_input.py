"""Labels as matrix, class numbers or names, read into one checked 0/1 matrix."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray, IntArray
from acqkit.errors import did_you_mean, shown
from acqkit.pool.checks import check_length
from acqkit.pool.coded import Coded
from acqkit.pool.declared import declared_classes
from acqkit.pool.look_alikes import look_alike, told_apart
from acqkit.pool.scan import blocks, first_row
from acqkit.pool.source import ColumnError, as_text, row, to_array
from acqkit.scratch import scratch, taken
from acqkit.tensors import as_numpy

Matrix = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Labels:
    """Checked labels: `matrix` `[n, c]` uint8 0/1, or None where they are not known."""

    class_names: tuple[str, ...]
    matrix: Matrix | None
    multilabel: bool


@dataclass(frozen=True, slots=True)
class LabelReader:
    """Reads a column of labels; `optional` `[n]` marks rows that need no label."""

    n: int
    optional: BoolArray

    def read(self, values: Any, class_names: Any, multilabel: bool | None) -> Labels:
        """Labels from a 0/1 matrix, class numbers, class names or collections of names.

        `multilabel` None goes by the kind of column: names and class numbers are one a pair,
        collections of names any number, and 0/1 rows what they are. Raises
        ColumnError naming the first row that has no label, an unknown one or, when
        `multilabel` is False, not exactly one.
        """
        names = None if class_names is None else check_class_names(class_names)
        if values is None:
            if names is None:
                raise ColumnError(
                    None,
                    "has neither labels nor class names; give class_names so that people can be "
                    "asked",
                )
            return Labels(names, None, bool(multilabel))
        check_length(values, self.n, "labels")
        column = _as_column(values)
        names, matrix = self._matrix(column, names)
        single = self._first_not_single(matrix)
        if multilabel is False and single is not None:
            index, count = single
            raise ColumnError(
                "labels",
                f"has {count} labels in {row(index)}, wanted exactly one; "
                "a multi-label pool needs multilabel=True",
            )
        if multilabel is None:
            multilabel = self._declared(column, matrix)
        return Labels(names, matrix, single is not None if multilabel is None else multilabel)

    def _declared(self, column: NDArray[Any] | Coded, matrix: Matrix) -> bool | None:
        """What the kind of column says on several labels a pair; None where the rows say it."""
        if isinstance(column, Coded):
            return any(value is not None and not isinstance(value, str) for value in column.cells)
        if column.ndim == 1:
            return False
        waiting = np.flatnonzero(self.optional)
        if not matrix[waiting].any(axis=1).all() and self._first_not_single(matrix) is None:
            raise ColumnError(
                "multilabel",
                "is not given, and 0/1 rows of the pairs labeled so far cannot tell whether a pair "
                "may have several labels; say true or false",
            )
        return None

    def _matrix(
        self, values: NDArray[Any] | Coded, names: tuple[str, ...] | None
    ) -> tuple[tuple[str, ...], Matrix]:
        if isinstance(values, Coded):
            return self._from_names(values, names)
        if values.ndim == 2 and values.dtype.kind in "biuf":
            return self._from_matrix(values, names)
        if values.ndim == 1 and values.dtype.kind in "iu":
            return self._from_numbers(values, names)
        raise ColumnError(
            "labels",
            f"has dtype {values.dtype} and shape {values.shape}, wanted a "
            "0/1 matrix [n, classes], or [n] class numbers or class names",
        )

    def _from_matrix(
        self, values: NDArray[Any], names: tuple[str, ...] | None
    ) -> tuple[tuple[str, ...], Matrix]:
        width = values.shape[1]
        if names is None:
            names = check_class_names([str(c) for c in range(width)])
        if width != len(names):
            raise ColumnError(
                "labels",
                f"has {width} columns but ",
                also="class_names",
                rest=f" has {len(names)} names; there must be one column per class",
            )
        for start, block in blocks(values):
            index = first_row((block != 0) & (block != 1))
            if index >= 0:
                value = block[index][(block[index] != 0) & (block[index] != 1)][0]
                raise ColumnError(
                    "labels", f"has the value {value} in {row(start + index)}, wanted 0 or 1"
                )
        if values.dtype.itemsize == 1 and values.dtype.kind in "bi":
            return names, values.view(np.uint8)
        return names, values.astype(np.uint8, copy=False)

    def _from_numbers(
        self, values: NDArray[Any], names: tuple[str, ...] | None
    ) -> tuple[tuple[str, ...], Matrix]:
        wanted = values[~self.optional | (values >= 0)]
        if names is None:
            highest = int(wanted.max()) if len(wanted) else 0
            if highest > len(values) and highest > 10_000:
                raise ColumnError(
                    "labels",
                    f"has class numbers up to {highest}, which would make "
                    f"{highest + 1} classes; give class_names or numbers from 0",
                )
            names = check_class_names([str(c) for c in range(highest + 1)])
        index = first_row((values >= len(names)) | ((values < 0) & ~self.optional))
        if index >= 0:
            raise ColumnError(
                "labels",
                f"is {values[index]} in {row(index)}, wanted a class "
                f"number from 0 to {len(names) - 1}" + (_ADVICE if values[index] < 0 else ""),
            )
        matrix = scratch((len(values), len(names)), np.uint8)
        labeled = np.flatnonzero(values >= 0)
        matrix[labeled, values[labeled].astype(np.int64)] = 1
        return names, matrix

    def _from_names(
        self, values: Coded, names: tuple[str, ...] | None
    ) -> tuple[tuple[str, ...], Matrix]:
        cells = [self._names_in(values, code, cell) for code, cell in enumerate(values.cells)]
        if names is None:
            found = sorted({name for labels in cells for name in labels})
            names = check_class_names(found)
        column = {name: c for c, name in enumerate(names)}
        known = np.zeros((len(cells), len(names)), dtype=np.uint8)
        for code, labels in enumerate(cells):
            for name in labels:
                if name not in column:
                    raise ColumnError(
                        "labels",
                        f"has the unknown class {shown(name)} in "
                        f"{row(values.first(code))}; {did_you_mean(name, names)}",
                    )
                known[code, column[name]] = 1
        return names, taken(known, values.codes)

    def _names_in(self, values: Coded, code: int, value: Any) -> Collection[str]:
        if value is None or (isinstance(value, str) and not value):
            index = values.first(code, ~self.optional)
            if index < 0:
                return ()
            raise ColumnError("labels", f"is {shown(value)} in {row(index)}{_ADVICE}")
        if isinstance(value, str):
            return (value,)
        names = value.tolist() if isinstance(value, np.ndarray) else value
        if isinstance(names, Collection) and all(isinstance(name, str) for name in names):
            return names
        raise ColumnError(
            "labels",
            f"is {shown(value)} in {row(values.first(code))}, wanted a class name or a collection "
            "of them",
        )

    def _first_not_single(self, matrix: Matrix) -> tuple[int, int] | None:
        """The first row without exactly one label (none will do where labels are optional)."""
        for start, block in blocks(matrix):
            counts: IntArray = block.sum(axis=1, dtype=np.int64)
            optional = self.optional[start : start + len(block)]
            index = first_row((counts != 1) & ~(optional & (counts == 0)))
            if index >= 0:
                return start + index, int(counts[index])
        return None


_ADVICE = "; say which pairs are labeled by a column labeled_round (-1: not yet)"


def check_class_names(names: Any) -> tuple[str, ...]:
    """At least two names, not empty, that people can tell apart."""
    if isinstance(names, str | bytes) or not np.iterable(names):
        raise ColumnError("class_names", f"is {shown(names)}, wanted a list of names")
    array = as_text(np.asarray(names), "class_names")
    if array.ndim != 1:
        raise ColumnError("class_names", f"has shape {array.shape}, wanted a list of names")
    values = [str(name) for name in array.tolist()]
    seen: dict[str, int] = {}
    for index, name in enumerate(values):
        form = look_alike(name)
        if not form:
            raise ColumnError("class_names", f"has an empty name in {row(index)}")
        first = seen.setdefault(form, index)
        if first == index:
            continue
        if values[first] != name:
            raise ColumnError("class_names", f"has {told_apart(values[first], name)}; rename one")
        raise ColumnError(
            "class_names",
            f"has {shown(name)} in {row(index)} as well as in row {first}; class names must be "
            "unique",
        )
    if len(values) < 2:
        raise ColumnError(
            "class_names",
            f"has {len(values)} class{'es' if not values else f' ({shown(values[0])})'}, "
            "wanted at least two; there is nothing to tell apart",
        )
    return tuple(values)


def _as_column(values: Any) -> NDArray[Any] | Coded:
    """Numbers as an array, names and collections of names by their distinct cells."""
    if isinstance(values, Coded):
        return values
    if isinstance(values, np.ndarray) and values.dtype.kind not in "OSU":
        return values
    if hasattr(values, "__array__") and declared_classes(values) is None:
        values = to_array(values, "labels")
    if isinstance(values, np.ndarray):
        if values.dtype.kind not in "OSU":
            return values
        if values.ndim != 1:
            raise ColumnError(
                "labels",
                f"has dtype {values.dtype} and shape {values.shape}, wanted "
                "one name, or one collection of names, per pair",
            )
        values = as_text(values, "labels").tolist()
    rows = [as_numpy(value) for value in _listed(values)]
    if any(_is_number(value) for value in rows) and all(map(_is_number_or_none, rows)):
        return np.array([-1 if value is None else value for value in rows])
    if any(_is_numbers(value) for value in rows):
        try:
            return np.array([np.asarray(value) for value in rows])
        except ValueError:
            raise ColumnError(
                "labels",
                "has rows of different lengths; give 0/1 rows of one column "
                "per class, or collections of class names",
            ) from None
    return Coded(rows, np.arange(len(rows), dtype=np.int32))


def _listed(values: Any) -> list[Any]:
    """Values with None for null: Arrow's, and pandas' categories, in which NaN stands for it."""
    listed = values.to_pylist() if hasattr(values, "to_pylist") else list(values)
    nulls = [None if isinstance(value, float) and value != value else value for value in listed]
    if declared_classes(values) is None:
        return nulls
    return [str(value) if _is_number(value) else value for value in nulls]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _is_number_or_none(value: Any) -> bool:
    return value is None or _is_number(value)


def _is_numbers(value: Any) -> bool:
    if isinstance(value, np.ndarray) or hasattr(value, "__array__"):
        array = np.asarray(value)
        return array.dtype.kind in "biuf" and array.size > 0
    return (
        isinstance(value, list | tuple)
        and len(value) > 0
        and isinstance(value[0], int | float | np.number)
    )
