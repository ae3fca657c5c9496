"""What a Parquet file's schema and metadata say is what is read."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from pool_builders import vectors

from acqkit.errors import PoolError
from acqkit.pool import PairPool
from acqkit.pool.open import open_pool

pd: Any = pytest.importorskip("pandas", reason="the extra acqkit[dev] is missing")

N = 6
DECLARED = ["emu", "cat", "dog"]
VECTORS = np.arange(N * 2, dtype=np.float32).reshape(N, 2)


def opened(folder: Path, metadata: Any = None, rows: int | None = None, **columns: Any) -> PairPool:
    """The pool of a file with these columns, in row groups of `rows`."""
    data = {"modality_a": vectors(VECTORS), "modality_b": vectors(VECTORS), **columns}
    table = pa.table({name: values for name, values in data.items() if values is not None})
    if metadata is not None:
        table = table.replace_schema_metadata(metadata)
    pq.write_table(table, folder / "p.parquet", row_group_size=rows)
    return open_pool(folder / "p.parquet")


def hugging_face(**features: Any) -> dict[str, str]:
    return {"huggingface": json.dumps({"info": {"features": features}})}


CLASS_LABEL = {"names": DECLARED, "_type": "ClassLabel"}


def truth_of(pool: PairPool) -> list[list[str]]:
    assert pool.truth is not None
    return [[pool.class_names[c] for c in np.flatnonzero(row)] for row in pool.truth]


@pytest.mark.parametrize("rows", [None, 2])
@pytest.mark.parametrize("values", [pa.string(), pa.large_string()])
def test_a_dictionary_declares_classes(values: Any, rows: int | None, tmp_path: Path) -> None:
    numbers = pa.array([1, 1, 0, 1, 0, 0], pa.int8())
    labels = pa.DictionaryArray.from_arrays(numbers, pa.array(DECLARED, values))
    pool = opened(tmp_path, rows=rows, labels=labels)
    assert pool.class_names == ("emu", "cat", "dog") and not pool.multilabel
    assert truth_of(pool) == [["cat"], ["cat"], ["emu"], ["cat"], ["emu"], ["emu"]]


def test_categories_that_are_numbers_are_names() -> None:
    labels = pd.Categorical([10, 30, 10, 10, 30, 10], categories=[30, 20, 10])
    for given in (labels, pa.array(labels)):
        pool = PairPool.from_arrays(VECTORS, VECTORS, labels=given)
        assert pool.class_names == ("30", "20", "10")
        assert truth_of(pool) == [["10"], ["30"], ["10"], ["10"], ["30"], ["10"]]


def test_categories_of_pandas_that_are_numbers_are_names_in_a_file_too(tmp_path: Path) -> None:
    frame = {"modality_a": VECTORS.tolist(), "modality_b": VECTORS.tolist()}
    for used in ([10, 30] * 3, [10, 10] * 3):
        labels = pd.Categorical(used, categories=[30, 10])
        pd.DataFrame({**frame, "labels": labels}).to_parquet(tmp_path / "p.parquet")
        if len(set(used)) == 2:
            pool = open_pool(tmp_path / "p.parquet")
            assert pool.class_names == ("10", "30") and truth_of(pool) == [["10"], ["30"]] * 3
    with pytest.raises(PoolError, match=r"labels had 2 categories .* the 1 in use"):
        open_pool(tmp_path / "p.parquet")


@pytest.mark.parametrize("rows", [None, 2])
def test_lists_of_a_dictionary_are_multi_label(rows: int | None, tmp_path: Path) -> None:
    numbers = pa.array([1, 0, 1, 2, 1, 1, 0], pa.int8())
    names = pa.DictionaryArray.from_arrays(numbers, pa.array(DECLARED))
    labels = pa.ListArray.from_arrays(pa.array([0, 1, 1, 4, 5, 6, 7], pa.int32()), names)
    pool = opened(tmp_path, rows=rows, labels=labels)
    assert pool.class_names == ("emu", "cat", "dog") and pool.multilabel
    assert truth_of(pool) == [["cat"], [], ["emu", "cat", "dog"], ["cat"], ["cat"], ["emu"]]


def test_class_labels_of_hugging_face(tmp_path: Path) -> None:
    numbers = [1, 0, 1, 1, 0, 1]
    pool = opened(tmp_path, hugging_face(labels=CLASS_LABEL), labels=numbers)
    assert pool.class_names == ("emu", "cat", "dog") and not pool.multilabel
    assert truth_of(pool) == [[DECLARED[c]] for c in numbers]


@pytest.mark.parametrize(
    "feature", [{"feature": CLASS_LABEL, "_type": "List"}, [CLASS_LABEL], {"feature": CLASS_LABEL}]
)
@pytest.mark.parametrize("kind", [pa.list_(pa.int64()), pa.list_(pa.int64(), 2)])
def test_lists_of_class_labels_are_multi_label(feature: Any, kind: Any, tmp_path: Path) -> None:
    labels = pa.array([[0, 1]] * N, kind)
    pool = opened(tmp_path, hugging_face(labels=feature), labels=labels)
    assert pool.class_names == ("emu", "cat", "dog") and pool.multilabel
    assert truth_of(pool) == [["emu", "cat"]] * N


@pytest.mark.parametrize("number", [3, -2])
def test_a_class_label_out_of_range_is_refused(number: int, tmp_path: Path) -> None:
    with pytest.raises(PoolError, match=rf"labels has the class number {number} in row 2 .*3 cl"):
        opened(tmp_path, hugging_face(labels=CLASS_LABEL), labels=[0, 1, number, 1, 1, 1])


def test_a_class_label_of_minus_one_is_not_known(tmp_path: Path) -> None:
    columns: Any = {"labels": [0, 1, -1, -1, -1, -1], "labeled_round": [0, 0, -1, -1, -1, -1]}
    pool = opened(tmp_path, hugging_face(labels=CLASS_LABEL), **columns)
    assert pool.truth is None and pool.labels.labeled.tolist() == [0, 1]


def test_a_split_of_class_labels_is_read_by_name(tmp_path: Path) -> None:
    feature = {"names": ["test", "train"], "_type": "ClassLabel"}
    labels = ["u", "v"] * 3
    metadata = hugging_face(split=feature)
    pool = opened(tmp_path, metadata, labels=labels, split=[0, 1, 1, 1, 0, 1])
    assert pool.test_positions.tolist() == [0, 4]


def test_one_list_of_names_is_enough_to_be_multi_label(tmp_path: Path) -> None:
    labels = pa.array([["u"], ["v"], None, None, None, None], pa.list_(pa.string()))
    rounds = [0, 0, -1, -1, -1, -1]
    assert opened(tmp_path, labels=labels, labeled_round=rounds).multilabel
    said = {"acqkit": json.dumps({"multilabel": False})}
    assert not opened(tmp_path, said, labels=labels, labeled_round=rounds).multilabel
    names = pa.array(["u", "v", None, None, None, None])
    assert not opened(tmp_path, labels=names, labeled_round=rounds).multilabel


def test_tensors_keep_their_shape_and_the_order_of_their_axes(tmp_path: Path) -> None:
    stored = pa.array(np.arange(N * 6, dtype=np.float32))
    lists = pa.FixedSizeListArray.from_arrays(stored, 6)
    turned = pa.fixed_shape_tensor(pa.float32(), [2, 3], permutation=[1, 0])
    tensors = pa.ExtensionArray.from_storage(turned, lists)
    nested = pa.array(
        np.arange(N * 6.0).reshape(N, 2, 3).tolist(), pa.list_(pa.list_(pa.float32()))
    )
    pool = opened(tmp_path, modality_a=tensors, modality_b=nested, labels=["u", "v"] * 3)
    batch = pool.batch(np.arange(N))
    wanted = np.arange(N * 6, dtype=np.float32).reshape(N, 2, 3)
    assert np.array_equal(batch.a, wanted.transpose(0, 2, 1))
    assert np.array_equal(batch.b, wanted)


@pytest.mark.parametrize("number", [pa.int8(), pa.int64(), pa.uint16(), pa.float16()])
def test_a_null_inside_of_a_vector_is_refused(number: Any, tmp_path: Path) -> None:
    rows: list[Any] = [[0, 1]] * N
    rows[4] = [1, None]
    for kind in (pa.list_(number), pa.list_(number, 2)):
        with pytest.raises(PoolError, match=r"modality_b has a null inside .* row 4"):
            opened(tmp_path, modality_b=pa.array(rows, kind), labels=["u", "v"] * 3)


def test_a_whole_null_is_a_missing_modality_unless_a_mask_says_otherwise(tmp_path: Path) -> None:
    column = pa.array([[1, 2], None, [3, 4], [5, 6], None, [7, 8]], pa.list_(pa.int32(), 2))
    labels = ["u", "v"] * 3
    pool = opened(tmp_path, rows=2, modality_a=column, labels=labels)
    batch = pool.batch(np.arange(N))
    assert batch.a.tolist() == [[1, 2], [0, 0], [3, 4], [5, 6], [0, 0], [7, 8]]
    assert batch.present_a is not None and np.flatnonzero(~batch.present_a).tolist() == [1, 4]
    with pytest.raises(PoolError, match=r"modality_a is null in row 1 .*modality_a_present"):
        opened(tmp_path, modality_a=column, labels=labels, modality_a_present=[True] * N)


@pytest.mark.parametrize("labels", [[0, 1, None, 0, 1, 0], ["u", None, "v", "u", "u", "u"]])
def test_a_null_label_is_no_class(labels: Any, tmp_path: Path) -> None:
    with pytest.raises(PoolError, match=rf"labels is .* in row {labels.index(None)}"):
        opened(tmp_path, labels=labels)


@pytest.mark.parametrize("last", [None, 2**64 - 1])
def test_an_unsigned_label_is_none_or_a_class(last: Any, tmp_path: Path) -> None:
    with pytest.raises(PoolError, match="labels is"):
        opened(tmp_path, labels=pa.array([0, 1, 0, 1, 0, last], pa.uint64()))


def test_pictures_of_hugging_face_are_shown(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("L", (2, 2)).save(buffer, "PNG")
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    rows: list[Any] = [{"bytes": buffer.getvalue(), "path": "x.png"}] * (N - 1) + [None]
    pool = opened(tmp_path, image=pa.array(rows, kind), labels=["u", "v"] * 3)
    assert list(pool.display["image"]) == [buffer.getvalue()] * (N - 1) + [None]


@pytest.mark.parametrize(
    ("name", "known"),
    [("label", "labels"), ("splits", "split"), ("id", "ids"), ("Cost", "cost"), ("groups", "group"),
     ("Labeled-Round", "labeled_round"), ("modality_a_presents", "modality_a_present")],
)  # fmt: skip
def test_a_column_with_nearly_a_known_name_is_refused(
    name: str, known: str, tmp_path: Path
) -> None:
    with pytest.raises(PoolError, match=rf"unknown column {name!r}; did you mean {known!r}"):
        columns: Any = {"labels": None if known == "labels" else ["u", "v"] * 3, name: [0] * N}
        opened(tmp_path, **columns)


def test_metadata_of_an_unknown_name_is_refused(tmp_path: Path) -> None:
    said = {"acqkit": json.dumps({"classnames": DECLARED})}
    with pytest.raises(PoolError, match="'classnames' under 'acqkit'; did you mean 'class_names'"):
        opened(tmp_path, said, labels=["cat", "dog"] * 3)


def test_a_column_whose_name_begins_like_another_is_another(tmp_path: Path) -> None:
    other = vectors(VECTORS + 100)
    pool = opened(tmp_path, **{"modality_a.x": other, "labels": ["u", "v"] * 3})
    assert np.array_equal(pool.batch(np.arange(N)).a, VECTORS)


def test_classes_of_polars(tmp_path: Path) -> None:
    pl: Any = pytest.importorskip("polars", reason="polars is not installed")
    enum = pl.Enum(DECLARED)
    frame = pl.DataFrame(
        {
            "modality_a": pl.Series(VECTORS.tolist(), dtype=pl.Array(pl.Float32, 2)),
            "modality_b": pl.Series(VECTORS.tolist(), dtype=pl.List(pl.Float32)),
            "labels": pl.Series(["cat", "cat", "emu"] * 2, dtype=enum),
        }
    )
    frame.write_parquet(tmp_path / "one.parquet")
    pool = open_pool(tmp_path / "one.parquet")
    assert pool.class_names == ("emu", "cat", "dog") and not pool.multilabel
    made = PairPool.from_arrays(VECTORS, VECTORS, labels=frame["labels"])
    assert made.class_names == ("emu", "cat", "dog") and truth_of(made) == truth_of(pool)
