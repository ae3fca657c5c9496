"""Saved pools hold what was saved, or say that they do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pool_builders import good_arrays
from typer.testing import CliRunner

from acqkit.cli.pool import app
from acqkit.errors import PoolError
from acqkit.pool import PairPool
from acqkit.pool.digest import content_digests
from acqkit.pool.folder import save_pool
from acqkit.pool.open import open_pool

N = 12


def made(**changes: Any) -> PairPool:
    good = good_arrays()
    columns: dict[str, Any] = {
        "labels": good["labels"],
        "class_names": list(good["class_names"]),
        "split": good["split"],
        "ids": [f"p{i}" for i in range(N)],
        "cost": np.arange(N),
        "present": (np.arange(N) != 3, None),
    }
    return PairPool.from_arrays(good["modality_a"], good["modality_b"], **columns | changes)


def test_a_file_gives_the_pool_that_was_saved(tmp_path: Path) -> None:
    pool = made()
    again = open_pool(save_pool(pool, tmp_path / "p.npz"))
    assert content_digests(again) == content_digests(pool)
    assert again.name == "p" and again.modalities == pool.modalities
    half = made(labeled_round=np.arange(N) % 3 - 1)
    again = open_pool(save_pool(half.take(np.array([5, 2, 7])), tmp_path / "three.npz"))
    assert again.ids.tolist() == ["p5", "p2", "p7"]
    assert again.labels.round.tolist() == half.labels.round[[5, 2, 7]].tolist()


def test_a_file_is_saved_whole_or_not_at_all(tmp_path: Path) -> None:
    path = save_pool(made(), tmp_path / "p.npz")
    with pytest.raises(PoolError, match="is there already"):
        save_pool(made(), path)
    with pytest.raises(PoolError, match="cannot hold what pool 'pool' shows"):
        save_pool(made(display={"words": ["x"] * N}), tmp_path / "q.npz")
    assert [file.name for file in tmp_path.iterdir()] == ["p.npz"]


@pytest.mark.parametrize(
    "change", [{"cost": np.ones(N)}, {"ids": None}, {"group": np.ones(N, int)}]
)
def test_a_changed_added_or_removed_column_is_noticed(
    change: dict[str, Any], tmp_path: Path
) -> None:
    path = save_pool(made(), tmp_path / "p.npz")
    with np.load(path) as archive:
        columns = dict(archive) | change
    np.savez(path, **{name: values for name, values in columns.items() if values is not None})
    with pytest.raises(PoolError, match=r"p\.npz is not what was saved, .*verify=False"):
        open_pool(path)
    assert len(open_pool(path, verify=False)) == N
    assert CliRunner().invoke(app, ["describe", str(path), "--no-verify"]).exit_code == 0
    assert CliRunner().invoke(app, ["describe", str(path)]).exit_code != 0


def test_every_changed_byte_of_a_file_is_noticed_or_harmless(tmp_path: Path) -> None:
    pool = made()
    whole = save_pool(pool, tmp_path / "whole.npz").read_bytes()
    wanted, refused = content_digests(pool), 0
    path = tmp_path / "p.npz"
    for at in range(0, len(whole), 17):
        damaged = bytearray(whole)
        damaged[at] ^= 0x15
        path.write_bytes(damaged)
        try:
            assert content_digests(open_pool(path)) == wanted
        except PoolError:
            refused += 1
    assert refused > len(whole) // 17 // 4


def test_every_changed_byte_of_what_is_shown_is_noticed_or_harmless(tmp_path: Path) -> None:
    shown = {"words": [f"a text of many words, number {i}" for i in range(N)]}
    folder = save_pool(made(display=shown), tmp_path / "p")
    assert list(open_pool(folder).display["words"]) == shown["words"]
    items = folder / "items.parquet"
    whole = items.read_bytes()
    noticed = 0
    for at in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[at] ^= 0x15
        items.write_bytes(damaged)
        try:
            display = open_pool(folder).display
            assert not display or list(display["words"]) == shown["words"]
        except PoolError as error:
            noticed += "not what was saved" in str(error)
    assert noticed > 10


@pytest.mark.parametrize("name", [b"labels.npy", b"split.npy"])
def test_a_column_whose_name_is_damaged_is_not_absent(name: bytes, tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    np.savez(path, **good_arrays())
    before, listed, after = path.read_bytes().rpartition(name)  # in the list of members
    path.write_bytes(before + listed.replace(b".npy", b".\x01py") + after)
    with pytest.raises(PoolError, match=r"p\.npz .* differ"):
        open_pool(path)
