"""Pools of many Parquet files and in object stores: read in chunks, the same pool as any other."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pool_builders import vectors

from acqkit import load_pool
from acqkit.campaign.fingerprint import fingerprint
from acqkit.errors import PoolError
from acqkit.pool import PairPool, chunked, looked_through, parquet_features, stored
from acqkit.pool.chunked import ChunkedFeatures
from acqkit.pool.describe import describe
from acqkit.pool.digest import content_digests
from acqkit.pool.folder import save_pool

N, WIDTH = 40, 3
RNG = np.random.default_rng(3)
A, B = (RNG.standard_normal((N, WIDTH)).astype(np.float16) for _ in "ab")
IDS = np.array([f"pair-{i}" for i in range(N)])
NAMES = np.array(["cat", "emu"])[RNG.integers(0, 2, N)]
SPLIT = np.where(np.arange(N) < 8, "test", "train")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is small enough to be read whole, and a chunk has two or three rows."""
    monkeypatch.setattr(parquet_features, "WHOLE_BYTES", 0)
    monkeypatch.setattr(chunked, "CHUNK_BYTES", 2 * WIDTH * 3)
    monkeypatch.setattr(stored, "PAUSES", (0.0, 0.0))


def table(rows: slice, **columns: Any) -> pa.Table:
    data = {"modality_a": vectors(A[rows]), "modality_b": vectors(B[rows]), "ids": IDS[rows]}
    return pa.table({**data, "labels": NAMES[rows], **columns})


def write(folder: Path, group: int = 7, **columns: Any) -> Path:
    """Four files in hive-style folders of the two parts of the split."""
    for number in range(4):
        rows = slice(8 * number, 8 * number + 8 if number < 3 else N)
        home = folder / f"split={'train' if number else 'test'}"
        home.mkdir(parents=True, exist_ok=True)
        own = {name: values[rows] for name, values in columns.items()}
        pq.write_table(table(rows, **own), home / f"{number}.parquet", row_group_size=group)
    (folder / "_SUCCESS").touch()
    return folder


def in_memory() -> PairPool:
    return PairPool.from_arrays(A, B, ids=IDS, labels=NAMES, split=SPLIT, name="pool")


def same(pool: PairPool, other: PairPool) -> None:
    assert content_digests(pool) == content_digests(other)
    assert fingerprint(pool) == fingerprint(other)
    for positions in (np.arange(5, 20), RNG.permutation(N), np.array([7, 7, 0])):
        one, two = pool.batch(positions), other.batch(positions)
        assert np.array_equal(one.a, two.a) and np.array_equal(one.b, two.b)
        assert one.a.dtype == np.float32


def test_a_data_set_is_the_same_pool_as_arrays(tmp_path: Path) -> None:
    pool = load_pool(write(tmp_path / "pool"))
    assert isinstance(pool.features[0], ChunkedFeatures)
    assert describe(pool)["modalities"]["a"]["dtype"] == "float16"
    same(pool, in_memory())
    same(load_pool(save_pool(pool, tmp_path / "saved.npz"), name="pool"), in_memory())
    same(pickle.loads(pickle.dumps(pool)), in_memory())


def test_vectors_that_are_null_are_pairs_without_the_modality(tmp_path: Path) -> None:
    listed = [None if i in (3, 39) else row for i, row in enumerate(A.tolist())]
    given = pa.array(listed, pa.list_(pa.float16(), WIDTH))
    pool = load_pool(write(tmp_path / "pool", modality_a=given))
    assert pool.present[0] is not None
    assert np.flatnonzero(~pool.present[0]).tolist() == [3, 39]
    assert not pool.batch(np.array([3])).a.any()
    present = (pool.present[0], None)
    same(pool, PairPool.from_arrays(
        np.where(present[0][:, None], A, 0).astype(np.float16), B, ids=IDS, labels=NAMES,
        split=SPLIT, name="pool", present=present,
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.__setitem__((21, 1), np.nan), "modality_a has a NaN .* row 21 "),
        (lambda a: a.__setitem__((39, 0), np.inf), "modality_a has a NaN .* row 39 "),
    ],
)
def test_values_that_are_not_finite_are_named_by_row(
    change: Any, message: str, tmp_path: Path
) -> None:
    wrong = A.copy()
    change(wrong)
    folder = write(tmp_path / "pool", modality_a=vectors(wrong))
    for _ in range(2):
        with pytest.raises(PoolError, match=message):
            load_pool(folder)


def test_files_with_other_columns_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "pool")
    pq.write_table(table(slice(0, 3), cost=np.ones(3)), folder / "split=train" / "9.parquet")
    with pytest.raises(PoolError, match=r"9\.parquet has other columns than .* 'cost'"):
        load_pool(folder)


def test_files_in_other_folders_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "pool")
    pq.write_table(table(slice(0, 3)), folder / "9.parquet")
    with pytest.raises(PoolError, match="KEY=VALUE"):
        load_pool(folder)


def test_a_data_set_that_was_looked_through_is_not_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "pool")
    monkeypatch.setattr("acqkit.pool.digest_file._SETTLED_AFTER", -1.0)
    first = load_pool(folder)
    monkeypatch.setattr(looked_through, "RowsDigest", None)
    same(load_pool(folder), first)
    monkeypatch.undo()
    monkeypatch.setattr(parquet_features, "WHOLE_BYTES", 0)
    changed = A.copy()
    changed[8] += 1
    pq.write_table(
        table(slice(8, 16), modality_a=vectors(changed[8:16])), folder / "split=train/1.parquet"
    )
    assert content_digests(load_pool(folder))["a"] != content_digests(first)["a"]


@pytest.fixture
def memory() -> Any:
    fsspec = pytest.importorskip("fsspec", reason="fsspec is missing")
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@pytest.mark.parametrize("layout", ["npy", "parquet"])
def test_a_pool_at_an_address_is_the_same(layout: str, tmp_path: Path, memory: Any) -> None:
    folder = tmp_path / "pool"
    save_pool(in_memory(), folder) if layout == "npy" else write(folder)
    memory.put(str(folder), "/bucket/pool", recursive=True)
    pool = load_pool("memory://bucket/pool")
    assert pool.name == "pool" and isinstance(pool.features[1], ChunkedFeatures)
    same(pool, in_memory())
    if layout == "parquet":
        one = load_pool("memory://bucket/pool/split=train/1.parquet")
        assert one.ids.tolist() == IDS[8:16].tolist()


def test_a_lost_connection_is_tried_again(
    tmp_path: Path, memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_pool(in_memory(), tmp_path / "pool")
    memory.put(str(tmp_path / "pool"), "/bucket/pool", recursive=True)
    pool, read, lost = load_pool("memory://bucket/pool"), type(memory).cat_file, [2]

    def failing(self: Any, *args: Any, **options: Any) -> bytes:
        if lost[0]:
            lost[0] -= 1
            raise ConnectionResetError("the other side hung up")
        return bytes(read(self, *args, **options))

    monkeypatch.setattr(type(memory), "cat_file", failing)
    same(pool, in_memory())
    lost[0] = 1000
    with pytest.raises(PoolError, match=r"memory:.*hung up \(3 tries\); see whether"):
        pool.batch(np.array([30]))
    with pytest.raises(PoolError, match="there is no file or folder"):
        load_pool("memory://bucket/nothing")


def test_bfloat16_is_read_as_the_numbers_that_it_is(tmp_path: Path) -> None:
    bits = (A.astype(np.float32).view(np.uint32) >> 16).astype("<u2")
    wanted = (bits.astype(np.uint32) << 16).view(np.float32)
    half = PairPool.from_arrays(wanted, B, ids=IDS, labels=NAMES, split=SPLIT, name="pool")
    folder = tmp_path / "npy"
    save_pool(half, folder)
    np.save(folder / "modality_a.npy", bits.view("V2"))
    pool = load_pool(folder, name="pool")
    same(pool, half)
    assert describe(pool)["modalities"]["a"]["dtype"] == "bfloat16"
    same(load_pool(save_pool(pool, tmp_path / "again"), name="pool"), half)
    flat = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(2), bits.size, [None, pa.py_buffer(bits.tobytes())]
    )
    column = pa.FixedSizeListArray.from_arrays(flat, WIDTH)
    same(load_pool(write(tmp_path / "pool", modality_a=column)), half)
