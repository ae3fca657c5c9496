"""Pools as somebody may bring them: good ones with a few strange columns, names and bytes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from acqkit.pool.arrays import KEYS

NAMES = ["cat", "dog", "emu"]
ODD_TEXTS = ["", " ", "cat ", "Cat", "e\u0301", "\u00e9", "tset", "train", "x\0", "0", "a;b", "n/a"]
ODD_NUMBERS = [0, 1, -1, -2, -3, 2, 3, 255, 2**31, 2**63 - 1, 0.5, 1e39, float("nan"), float("inf")]
TEXTS = st.one_of(st.sampled_from(ODD_TEXTS), st.sampled_from(NAMES), st.text(max_size=4))
NUMBERS = st.sampled_from(ODD_NUMBERS)
COLUMN_NAMES = st.one_of(
    st.sampled_from([*KEYS, "label", "Split", "id", "modality_c_present", "modality_a.x", "image"]),
    st.text("abct_", min_size=1, max_size=4),
)
DTYPES = ["f2", "f4", "f8", ">f4", "i1", "u1", "i4", "i8", "u8", "?", "U3", "S3", "c8", "M8[s]"]
NUMBER_TYPES = [
    pa.float32(),
    pa.float64(),
    pa.float16(),
    pa.int8(),
    pa.int64(),
    pa.uint16(),
    pa.bool_(),
]
TEXT_TYPES = [pa.string(), pa.large_string(), pa.binary(), pa.dictionary(pa.int8(), pa.string())]


@dataclass(frozen=True)
class Damage:
    """What happened to the bytes of one file: `how` at a share of its length."""

    file: int
    how: str
    at: float
    byte: int


@dataclass
class Given:
    """A pool to be written: `columns` are numpy arrays, or lists with an Arrow type for Parquet."""

    layout: str
    columns: dict[str, Any]
    metadata: dict[str, Any] = field(default_factory=dict)
    group_rows: int = 100
    sidecar: list[list[str]] | None = None
    damage: list[Damage] = field(default_factory=list)


def damages() -> st.SearchStrategy[list[Damage]]:
    """What happens to the bytes of files, most often nothing."""
    one = st.builds(
        Damage,
        st.integers(0, 9),
        st.sampled_from(["cut", "double", "flip", "flip", "drop"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 255),
    )
    return st.one_of(st.just([]), st.just([]), st.lists(one, min_size=1, max_size=3))


def _good(n: int) -> dict[str, Any]:
    numbers = np.arange(n * 3, dtype=np.float32).reshape(n, 3)
    return {
        "modality_a": numbers,
        "modality_b": numbers[:, :2] / 2,
        "labels": np.eye(3, dtype=np.uint8)[np.arange(n) % 3],
        "class_names": np.array(NAMES),
    }


def _optional(n: int) -> dict[str, Any]:
    return {
        "ids": np.array([f"id{i}" for i in range(n)]),
        "split": np.array(["train"] * (n - 1) + ["test"]),
        "cost": np.arange(n) / 4,
        "group": np.arange(n) % 2,
        "labeled_round": np.arange(n) % 3 - 1,
        "modality_a_present": np.arange(n) % 2 == 0,
        "modality_b_present": np.ones(n, bool),
        "modality_names": np.array(["image", "text"]),
        "multilabel": np.array(True),
    }


_RARELY = st.sampled_from([False, False, False, True])
_PER_PAIR = ["ids", "split", "cost", "group", "labeled_round", "modality_a_present"]
LABELS = ["matrix", "numbers", "names"]


@st.composite
def arrays_pool(draw: st.DrawFn) -> Given:
    """Columns as numpy arrays, for `.npz` and folders."""
    n = draw(st.integers(1, 7))
    columns = _good(n)
    form = draw(st.sampled_from(LABELS))
    if form != "matrix":
        numbers = np.arange(n) % 3
        columns["labels"] = numbers if form == "numbers" else np.array(NAMES)[numbers]
    optional = _optional(n)
    for name in draw(st.lists(st.sampled_from(sorted(optional)), max_size=4, unique=True)):
        columns[name] = optional[name]
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from(sorted(columns)))
        columns[name] = draw(_changed(columns[name]))
    columns = _renamed(draw, columns)
    layout = draw(st.sampled_from(["npz", "folder"]))
    return Given(layout, columns, sidecar=draw(_sidecars(n)), damage=draw(damages()))


def _renamed(draw: st.DrawFn, columns: dict[str, Any]) -> dict[str, Any]:
    changed = dict(columns)
    for name in draw(
        st.one_of(st.just([]), st.lists(st.sampled_from(sorted(columns)), max_size=1))
    ):
        values = changed.pop(name)
        if draw(st.booleans()):
            changed[draw(COLUMN_NAMES)] = values
    return changed


@st.composite
def _changed(draw: st.DrawFn, array: Any) -> Any:
    """An array with another value, dtype or shape."""
    how = draw(st.sampled_from(["value", "value", "dtype", "shape"]))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a cast loses is what is wanted
        if how == "dtype":
            try:
                return array.astype(draw(st.sampled_from(DTYPES)))
            except (ValueError, TypeError, RuntimeError):  # the last: times as short texts
                return array
        if how == "shape":
            array = np.atleast_1d(array)
            ways = [array[:-1], array[..., None], array.T, array.ravel(), array[:0], array[None]]
            return draw(st.sampled_from(ways))
        if not array.size:
            return array
        text = array.dtype.kind in "US"
        value = draw(TEXTS if text else NUMBERS)
        array = np.array(array.astype("U8") if text else array)
        try:
            array.flat[draw(st.integers(0, array.size - 1))] = value
        except (OverflowError, ValueError):
            return array.astype(np.float64) + value
        return array


def _sidecars(n: int) -> st.SearchStrategy[list[list[str]] | None]:
    cells = st.one_of(st.sampled_from(["a cat", "x.png", "", "line\nbreak", 'a "b", c']), TEXTS)
    rows = st.lists(st.lists(cells, min_size=2, max_size=2), min_size=n, max_size=n)
    headers = st.sampled_from(
        [["text", "image"], ["id", "words"], ["text", "text"], ["\ufefft", ""]]
    )
    tables = st.builds(lambda header, body: [header, *body], headers, rows)
    return st.one_of(st.none(), st.none(), st.none(), tables)


@st.composite
def parquet_pool(draw: st.DrawFn) -> Given:
    """Columns as lists with Arrow types."""
    n = draw(st.integers(1, 7))
    columns: dict[str, Any] = {
        "modality_a": draw(_vectors(n)),
        "modality_b": draw(_vectors(n)),
        "labels": draw(_labels(n)),
    }
    optional = _optional(n)
    for name in draw(st.lists(st.sampled_from(_PER_PAIR), max_size=3, unique=True)):
        values = optional[name].tolist()
        kind = draw(st.sampled_from([None, *NUMBER_TYPES, *TEXT_TYPES])) if draw(_RARELY) else None
        columns[name] = (draw(_with_nulls(values)), kind)
    if draw(_RARELY):
        columns["image"] = draw(_pictures(n))
    columns = _renamed(draw, columns)
    metadata: dict[str, Any] = {}
    if draw(st.booleans()):
        metadata["class_names"] = NAMES
    if draw(_RARELY):
        odd = st.sampled_from([["cat"], "cat", 3, None, ["modality_b", "modality_a"], True, [1, 2]])
        known = ["columns", "modalities", "class_names", "multilabel", "classes"]
        metadata[draw(st.sampled_from(known))] = draw(odd)
    rows = draw(st.sampled_from([100, 2]))
    return Given("parquet", columns, metadata, rows, damage=draw(damages()))


@st.composite
def _with_nulls(draw: st.DrawFn, values: list[Any]) -> list[Any]:
    values = list(values)
    if draw(_RARELY) and values:
        values[draw(st.integers(0, len(values) - 1))] = None
    return values


@st.composite
def _vectors(draw: st.DrawFn, n: int) -> tuple[list[Any], Any]:
    number = draw(st.sampled_from(NUMBER_TYPES))
    width = draw(st.integers(1, 3))
    truth = pa.types.is_boolean(number)
    rows: list[Any] = [
        [(i + j) % 2 == 0 if truth else i + j for j in range(width)] for i in range(n)
    ]
    rows = draw(_with_nulls(rows))
    odd = draw(st.sampled_from(["no", "no", "no", "inner", "short", "nested", "value"]))
    at = draw(st.integers(0, n - 1))
    if odd == "nested":
        rows = [None if one is None else [one, one] for one in rows]
        return rows, pa.list_(pa.list_(number))
    if rows[at] is not None and odd == "inner":
        rows[at] = [None, *rows[at][1:]]
    elif rows[at] is not None and odd == "value" and pa.types.is_floating(number):
        rows[at] = [draw(st.sampled_from([float("nan"), float("inf"), 1e30])), *rows[at][1:]]
    elif rows[at] is not None and odd == "short":
        rows[at] = rows[at][1:]
        return rows, pa.list_(number)
    kinds = [
        pa.list_(number, width),
        pa.list_(number, width),
        pa.list_(number),
        pa.large_list(number),
    ]
    return rows, draw(st.sampled_from(kinds))


@st.composite
def _labels(draw: st.DrawFn, n: int) -> tuple[list[Any], Any]:
    form = draw(st.sampled_from(["names", "lists", "numbers", "rows", "dictionary"]))
    numbers = [i % 3 for i in range(n)]
    names: list[Any] = [NAMES[c] for c in numbers]
    if draw(_RARELY):
        names[draw(st.integers(0, n - 1))] = draw(TEXTS)
    if form == "numbers":
        return draw(_with_nulls(numbers)), draw(
            st.sampled_from([pa.int8(), pa.int64(), pa.uint16()])
        )
    if form == "rows":
        rows = draw(_with_nulls(np.eye(3, dtype=int)[numbers].tolist()))
        return rows, draw(st.sampled_from([pa.list_(pa.int8(), 3), pa.list_(pa.int64())]))
    if form == "lists":
        rows = [names[i : i + i % 3] for i in range(n)]
        return draw(_with_nulls(rows)), pa.list_(draw(st.sampled_from(TEXT_TYPES)))
    kind = TEXT_TYPES[-1] if form == "dictionary" else draw(st.sampled_from(TEXT_TYPES[:3]))
    return draw(_with_nulls(names)), kind


@st.composite
def _pictures(draw: st.DrawFn, n: int) -> tuple[list[Any], Any]:
    values = draw(_with_nulls([{"bytes": b"\x89PNG", "path": f"{i}.png"} for i in range(n)]))
    return values, pa.struct([("bytes", pa.binary()), ("path", pa.string())])


POOLS = st.one_of(arrays_pool(), parquet_pool())
