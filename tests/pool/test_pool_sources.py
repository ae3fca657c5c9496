from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from acqkit.errors import PoolError
from acqkit.labels import LabelState
from acqkit.pool import PairPool
from acqkit.pool.describe import describe
from acqkit.pool.display import display_columns
from acqkit.pool.display_file import DisplayFile
from acqkit.pool.folder import save_pool
from acqkit.pool.open import open_pool

N = 40
PNG = b"\x89PNG\r\n\x1a\n rest"


def columns() -> dict[str, Any]:
    """Every column a file may have."""
    rng = np.random.default_rng(3)
    mask = rng.random(N) < 0.8
    return {
        "modality_a": rng.standard_normal((N, 4)).astype(np.float16),
        "modality_b": rng.standard_normal((N, 3)).astype(np.float32),
        "labels": (rng.random((N, 3)) < 0.4).astype(np.uint8),
        "split": np.where(np.arange(N) % 5 == 0, "test", "train"),
        "class_names": np.array(["cat", "dog", "emu"]),
        "ids": np.array([f"id{i}" for i in range(N)]),
        "modality_names": np.array(["image", "text"]),
        "modality_a_present": mask,
        "modality_b_present": ~mask | (rng.random(N) < 0.7),
        "cost": rng.random(N),
        "group": np.array(["x", "y"])[np.arange(N) % 2],
    }


def write_npz(folder: Path) -> Path:
    np.savez(folder / "p.npz", ignored=np.array([{}], dtype=object), **columns())
    return folder / "p.npz"


def write_folder(folder: Path) -> Path:
    for name, values in columns().items():
        np.save(folder / f"{name}.npy", values)
    np.save(folder / "ignored.npy", np.array([{}], dtype=object))
    return folder


def vectors(array: Any, mask: Any, *, fixed: bool) -> pa.Array:
    rows = [row if there else None for row, there in zip(array, mask, strict=True)]
    number = pa.from_numpy_dtype(array.dtype)
    return pa.array(rows, type=pa.list_(number, array.shape[1]) if fixed else pa.list_(number))


def parquet_writer(*, fixed: bool, matrix: bool) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        data = columns()
        names = data["class_names"]
        labels: Any = [names[np.flatnonzero(row)].tolist() for row in data["labels"]]
        if matrix:
            labels = vectors(data["labels"], np.ones(N, bool), fixed=True)
        table = pa.table(
            {
                "pic": vectors(data["modality_a"], data["modality_a_present"], fixed=fixed),
                "words": vectors(data["modality_b"], data["modality_b_present"], fixed=fixed),
                "labels": labels,
                **{name: data[name] for name in ("split", "ids", "cost")},
                "group": pa.array(data["group"]).dictionary_encode(),
                "image": [PNG + bytes([i]) for i in range(N)],
                "number": np.arange(N),
            }
        )
        meta = {
            "columns": ["pic", "words"],
            "modalities": ["image", "text"],
            "class_names": names.tolist(),
        }
        table = table.replace_schema_metadata({"acqkit": json.dumps(meta)})
        pq.write_table(table, folder / "p.parquet", row_group_size=7)
        return folder / "p.parquet"

    return write


def saved(folder: Path) -> Path:
    return save_pool(open_pool(write_npz(folder)), folder / "saved")


WRITERS = [
    write_npz,
    write_folder,
    parquet_writer(fixed=True, matrix=False),
    parquet_writer(fixed=False, matrix=True),
    saved,
]


@pytest.mark.parametrize("write", WRITERS)
def test_every_source_gives_the_same_pool(write: Callable[[Path], Path], tmp_path: Path) -> None:
    pool, data = open_pool(write(tmp_path)), columns()
    assert len(pool) == N and pool.dims == (4, 3)
    assert pool.modalities == ("image", "text") and pool.class_names == ("cat", "dog", "emu")
    assert pool.multilabel and np.array_equal(pool.truth, data["labels"])  # type: ignore[arg-type]
    assert pool.ids.tolist() == data["ids"].tolist()
    assert np.array_equal(pool.test, data["split"] == "test")  # type: ignore[arg-type]
    assert pool.cost is not None and np.array_equal(pool.cost, data["cost"].astype(np.float32))
    assert pool.group is not None and pool.group.tolist() == data["group"].tolist()
    batch = pool.batch(np.arange(N))
    for letter in "ab":
        mask = data[f"modality_{letter}_present"]
        inputs, present = getattr(batch, letter), getattr(batch, f"present_{letter}")
        assert inputs.dtype == np.float32
        wanted = np.where(mask[:, None], data[f"modality_{letter}"], 0).astype(np.float32)
        assert np.array_equal(inputs, wanted)
        assert np.array_equal(present, mask)


@pytest.mark.parametrize("write", WRITERS)
def test_half_floats_stay_half_in_storage(write: Callable[[Path], Path], tmp_path: Path) -> None:
    described = describe(open_pool(write(tmp_path)))["modalities"]
    assert described["image"]["dtype"] == "float16"
    assert described["text"]["dtype"] == "float32"
    assert described["text"]["missing"] == int((~columns()["modality_b_present"]).sum())


def test_a_folder_is_mapped_and_read_in_the_order_asked_for(tmp_path: Path) -> None:
    pool = open_pool(write_folder(tmp_path))
    assert all(modality["memory_mapped"] for modality in describe(pool)["modalities"].values())
    positions = np.array([30, 2, 2, 17, 39, 0])
    a = np.where(columns()["modality_a_present"][:, None], columns()["modality_a"], 0)
    assert np.array_equal(pool.batch(positions).a, a[positions].astype(np.float32))


def test_names_come_from_the_path_or_the_option(tmp_path: Path) -> None:
    named = tmp_path / "birds"
    named.mkdir()
    np.savez(named / "pool.npz", **columns())
    assert open_pool(named).name == open_pool(named / "pool.npz").name == "birds"
    assert open_pool(write_npz(tmp_path)).name == "p"
    changed = open_pool(named, name="owls", modalities=("x", "y"))
    assert changed.name == "owls" and changed.modalities == ("x", "y")


def test_parquet_columns_by_argument(tmp_path: Path) -> None:
    data = columns()
    table: dict[str, Any] = {
        "pic": vectors(data["modality_a"], np.ones(N, bool), fixed=True),
        "words": vectors(data["modality_b"], np.ones(N, bool), fixed=True),
        "labels": ["cat", "dog"] * (N // 2),
    }
    pq.write_table(pa.table(table), tmp_path / "pool.parquet")
    pool = open_pool(tmp_path, columns=("words", "pic"))
    assert pool.modalities == ("words", "pic") and pool.dims == (3, 4)
    assert pool.class_names == ("cat", "dog") and not pool.multilabel
    assert pool.present == (None, None)


def test_parquet_labels_with_rounds(tmp_path: Path) -> None:
    data = columns()
    table: dict[str, Any] = {
        "modality_a": vectors(data["modality_a"], np.ones(N, bool), fixed=True),
        "modality_b": vectors(data["modality_b"], np.ones(N, bool), fixed=True),
        "labels": ["cat", "dog", None, None] * (N // 4),
        "labeled_round": [0, 1, -1, -1] * (N // 4),
    }
    pq.write_table(pa.table(table), tmp_path / "pool.parquet")
    pool = open_pool(tmp_path)
    assert pool.truth is None and pool.labels.labeled.tolist() == [i for i in range(N) if i % 4 < 2]


def assert_shows(column: Sequence[Any], wanted: Sequence[Any]) -> None:
    assert len(column) == len(wanted)
    assert column[-1] == wanted[-1]
    assert [column[int(i)] for i in np.array([5, 0, 39, 5])] == [wanted[i] for i in (5, 0, 39, 5)]
    assert list(column) == list(wanted)
    with pytest.raises(IndexError):
        column[len(wanted)]


def test_display_columns_of_parquet(tmp_path: Path) -> None:
    pool = open_pool(parquet_writer(fixed=True, matrix=False)(tmp_path))
    assert list(pool.display) == ["image"]
    assert_shows(pool.display["image"], [PNG + bytes([i]) for i in range(N)])
    (column,) = display_columns(pool)
    assert (column.name, column.kind, column.modality) == ("image", "image", "image")


def test_items_beside_a_pool_in_parquet(tmp_path: Path) -> None:
    np.savez(tmp_path / "pool.npz", **columns())
    table: dict[str, Any] = {
        "id": [f"{i}" for i in range(N)],
        "sound": [b"RIFF\0\0\0\0WAVEfmt " + bytes([i]) for i in range(N)],
        "words": [f"word {i}" for i in range(N)],
        "labels": ["cat"] * N,
        "year": list(range(N)),
    }
    pq.write_table(pa.table(table), tmp_path / "items.parquet", row_group_size=9)
    pool = open_pool(tmp_path)
    assert {c.name: c.kind for c in display_columns(pool)} == {"sound": "audio", "words": "text"}
    assert_shows(pool.display["sound"], table["sound"])
    assert_shows(pool.display["words"], table["words"])


@pytest.mark.parametrize("name", ["items.csv", "captions.csv"])
def test_items_beside_a_pool_in_csv(name: str, tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "pics").mkdir()
    (tmp_path / "pics" / "0.png").write_bytes(PNG)
    rows = [{"pic": f"pics/{i}.png", "words": f"line\n{i}, 'x'", "number": i} for i in range(N)]
    with (tmp_path / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    pool = open_pool(tmp_path)
    kinds = {c.name: c.kind for c in display_columns(pool)}
    assert kinds == {"pic": "image", "words": "text", "number": "text"}
    assert_shows(pool.display["pic"], [DisplayFile(tmp_path, f"pics/{i}.png") for i in range(N)])
    assert_shows(pool.display["words"], [row["words"] for row in rows])


def test_saving_keeps_truth_knowledge_and_what_is_shown(tmp_path: Path) -> None:
    truth = np.eye(3, dtype=np.uint8)[np.arange(N) % 3]
    truth[7] = 0
    known = LabelState.empty(N, 3).with_answers(np.array([4, 8]), truth[[4, 8]], 2)
    pool = PairPool.from_arrays(
        np.arange(N * 6, dtype=np.uint8).reshape(N, 2, 3),
        np.random.default_rng(0).standard_normal((N, 2)),
        labels=truth,
        labeled_round=known.round,
        multilabel=True,
        display={"image": [PNG] * N, "text": [None, *["t"] * (N - 1)]},
    )
    order = np.random.default_rng(1).permutation(N)
    again = open_pool(save_pool(pool.take(order), tmp_path / "deep" / "again"))
    assert np.array_equal(again.truth, truth[order])  # type: ignore[arg-type]
    assert np.array_equal(again.labels.round, known.round[order])
    assert np.array_equal(again.labels.matrix, known.matrix[order])
    assert again.multilabel and again.name == "again"
    assert again.ids.tolist() == order.tolist()
    everything = np.arange(N)
    assert np.array_equal(again.batch(everything).b, pool.batch(order).b)
    assert np.array_equal(again.batch(everything).a, pool.batch(order).a)
    assert describe(again)["modalities"]["a"]["dtype"] == "uint8"
    assert list(again.display["text"]) == list(pool.take(order).display["text"])
    assert again.display["image"][3] == PNG


def test_a_folder_is_saved_whole_or_not_at_all(tmp_path: Path) -> None:
    good = open_pool(write_npz(tmp_path))
    with pytest.raises(PoolError, match="is there already"):
        save_pool(good, tmp_path)
    before = sorted(tmp_path.iterdir())
    ids = PairPool.from_arrays(
        np.ones((2, 2)), np.ones((2, 2)), class_names=["x", "y"], ids=[("a", 1), ("b", 2)]
    )
    with pytest.raises(PoolError, match=r"ids such as \('a', 1\)"):
        save_pool(ids, tmp_path / "objects")
    shown = PairPool.from_arrays(
        np.ones((2, 2)), np.ones((2, 2)), class_names=["x", "y"], display={"x": [3, 4]}
    )
    with pytest.raises(PoolError, match="display column 'x' holds int"):
        save_pool(shown, tmp_path / "shown")
    assert sorted(tmp_path.iterdir()) == before


def test_every_real_pool_opens(real_pool_path: Path) -> None:
    pool = open_pool(real_pool_path)
    meta = json.loads((real_pool_path.parent / "meta.json").read_text())
    data = describe(pool)
    assert (data["n"], data["train"], data["test"]) == (meta["n"], meta["n_train"], meta["n_test"])
    assert pool.dims == (meta["dim_a"], meta["dim_b"])
    assert pool.multilabel == meta["multi_label"]
    assert data["classes"] == meta["class_counts"]
    assert data["labels_per_pair"] == pytest.approx(meta["label_cardinality"], abs=0.01)
    assert json.loads(json.dumps(data)) == data
    for column in pool.display.values():
        assert len(column) == len(pool)
