"""Digests kept beside memory-mapped files: found again only while the file is the same."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acqkit import load_pool
from acqkit.errors import PoolError
from acqkit.pool import digest as digests
from acqkit.pool.digest import content_digests, features_digest
from acqkit.pool.features import ArrayFeatures
from acqkit.pool.folder import save_pool
from acqkit.testing import make_pool


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pool of which no file was written just now."""
    save_pool(make_pool(50, 3), tmp_path / "pool")
    settle(tmp_path / "pool")
    return tmp_path / "pool"


def settle(folder: Path, seconds: float = 60) -> None:
    for file in folder.glob("*.npy"):
        os.utime(file, (time.time() - seconds, time.time() - seconds))


def digest_of(file: Path) -> str | None:
    return features_digest(ArrayFeatures(np.load(file, mmap_mode="r")))


def test_a_file_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = content_digests(load_pool(folder))
    kept = json.loads((folder / ".modality_a.npy.digest").read_text())
    assert kept["digest"] == wanted["a"]

    def read(*_: Any) -> str:
        raise AssertionError("read again")

    monkeypatch.setattr(digests, "_array", read)
    assert digest_of(folder / "modality_a.npy") == wanted["a"]
    assert digest_of(folder / "modality_b.npy") == wanted["b"]


def test_features_are_found_to_be_finite_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_pool(folder)

    def read(*_: Any) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("acqkit.pool.checks.blocks", read)
    load_pool(folder)
    note = folder / ".modality_a.npy.digest"
    note.write_text(note.read_text().replace("true", '"true"'))
    with pytest.raises(AssertionError, match="read again"):
        load_pool(folder)


def test_what_is_not_finite_is_found_again(folder: Path) -> None:
    load_pool(folder)
    features = np.load(folder / "modality_a.npy")
    features[3] = np.nan
    np.save(folder / "modality_a.npy", features)
    settle(folder)
    for _ in range(2):
        with pytest.raises(PoolError, match="NaN or infinite"):
            load_pool(folder)
    # Where the pair has no such modality nobody reads it, and that may change without the file.
    present = np.arange(50) != 3
    np.save(folder / "modality_a_present.npy", present)
    load_pool(folder)
    np.save(folder / "modality_a_present.npy", np.ones(50, bool))
    with pytest.raises(PoolError, match="NaN or infinite"):
        load_pool(folder)


@pytest.mark.parametrize("what", ["time", "size", "dtype", "shape"])
def test_another_file_is_read_again(folder: Path, what: str) -> None:
    file = folder / "modality_a.npy"
    before = digest_of(file)
    array = np.load(file)
    changes = {
        "time": np.roll(array, 1, axis=0),
        "size": array[:-1],
        "dtype": array.view(np.int32),
        "shape": array.T,
    }
    np.save(file, np.ascontiguousarray(changes[what]))
    if what != "time":
        time_before = json.loads((folder / ".modality_a.npy.digest").read_text())["of"][2]
        os.utime(file, ns=(time_before, time_before))
    after = digest_of(file)
    (folder / ".modality_a.npy.digest").unlink()
    assert after == digest_of(file) != before


def test_the_digest_of_a_file_that_was_written_just_now_is_not_kept(folder: Path) -> None:
    settle(folder, 0)
    digest_of(folder / "modality_a.npy")
    assert not (folder / ".modality_a.npy.digest").exists()


def test_a_slice_and_a_map_that_can_be_written_are_read(folder: Path) -> None:
    file = folder / "modality_a.npy"
    whole = digest_of(file)
    part = features_digest(ArrayFeatures(np.load(file, mmap_mode="r")[:20]))
    assert part == features_digest(ArrayFeatures(np.load(file)[:20])) != whole
    changed = np.load(file, mmap_mode="c")
    changed[3] += 1
    assert features_digest(ArrayFeatures(changed)) not in (whole, None)
    assert digest_of(file) == whole


@pytest.mark.parametrize("content", ["", "[]", "{", '{"of": []}', '{"of": 3, "digest": "x"}'])
def test_a_damaged_note_is_worked_out_anew(folder: Path, content: str) -> None:
    file = folder / "modality_a.npy"
    wanted = digest_of(file)
    note = folder / ".modality_a.npy.digest"
    note.write_text(content)
    assert digest_of(file) == wanted
    assert json.loads(note.read_text())["digest"] == wanted


def test_a_folder_that_cannot_be_written_to_keeps_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("acqkit.pool.digest_file.write_text", refuse)
    assert digest_of(folder / "modality_a.npy") == digest_of(folder / "modality_a.npy")
    assert list(folder.glob(".*")) == []


def test_some_pairs_have_the_digest_of_an_array_of_them(folder: Path) -> None:
    pool = load_pool(folder)
    positions = np.array([7, 3, 11, 40])
    part = ArrayFeatures(np.load(folder / "modality_a.npy")[positions])
    assert features_digest(pool.take(positions).features[0]) == features_digest(part)
