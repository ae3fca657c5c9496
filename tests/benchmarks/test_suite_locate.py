"""Where the pools of a suite are: published files, ready pools, or nowhere, and why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from acqkit.loading import load_pool
from suite.cells import plan_work
from suite.config import PoolEntry, Suite
from suite.locate import locate


@pytest.fixture(autouse=True)
def no_other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever data sets this machine has, these tests do not see them."""
    monkeypatch.setenv("ACQKIT_DATA", str(tmp_path / "cache"))


def publish(folder: Path) -> None:
    """Wikipedia in one of its layouts, three train and two test pairs."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for part, n in (("train", 3), ("test", 2)):
        savemat(folder / f"{part}_img.mat", {f"{part}_img": rng.random((n, 4))})
        savemat(folder / f"{part}_txt.mat", {f"{part}_txt": rng.random((n, 6))})
        labels = {f"{part}_img_lab": np.arange(1.0, n + 1)[:, None]}
        savemat(folder / f"{part}_img_lab.mat", labels)


def test_published_files_below_the_folder_of_data_are_read(tmp_path: Path) -> None:
    publish(tmp_path / "data" / "wikipedia")
    place = locate(PoolEntry(name="data:wikipedia"), tmp_path / "data")
    assert (place.source, place.missing) == ("wikipedia", "")
    assert len(load_pool(place.source, **place.options)) == 5


def test_published_files_are_found_where_the_data_set_looks_by_default(tmp_path: Path) -> None:
    publish(tmp_path / "cache" / "wikipedia")
    (tmp_path / "data").mkdir()
    for entry in (PoolEntry(name="data:wikipedia"), PoolEntry(name="wikipedia")):
        for data in (tmp_path / "data", None):
            place = locate(entry, data)
            assert (place.source, place.missing) == ("wikipedia", "")
            assert len(load_pool(place.source, **place.options)) == 5


def test_a_ready_pool_may_have_the_name_of_a_data_set(tmp_path: Path) -> None:
    (tmp_path / "wikipedia").mkdir()
    (tmp_path / "wikipedia" / "pool.npz").touch()
    place = locate(PoolEntry(name="data:wikipedia"), tmp_path)
    assert (place.source, place.missing) == (str(tmp_path / "wikipedia"), "")


@pytest.mark.parametrize("name", ["data:ms-coco", "ms-coco"])
def test_a_data_set_without_files_is_one_line_that_says_where_from(
    name: str, tmp_path: Path
) -> None:
    suite = Suite.model_validate(
        {"title": "T", "pools": [name, "glyphs"], "strategies": ["random", "coreset"], "seeds": 3}
        | {"reference": "random"}
    )
    work = plan_work(suite, tmp_path)
    assert [item.name for item in work.missing] == ["ms-coco"]
    assert "Get the files of one layout" in work.missing[0].reason
    assert "https://" in work.missing[0].reason
    assert {cell.pool for cell in work.cells} == {"glyphs"}


def test_where_the_files_are_does_not_change_what_a_cell_is(tmp_path: Path) -> None:
    suite = Suite.model_validate(
        {"title": "T", "pools": ["data:wikipedia"], "strategies": ["random"], "seeds": 1}
    )
    publish(tmp_path / "cache" / "wikipedia")
    by_default = plan_work(suite, None).cells
    publish(tmp_path / "data" / "wikipedia")
    given = plan_work(suite, tmp_path / "data").cells
    assert [cell.key for cell in by_default] == [cell.key for cell in given]
    assert [cell.place for cell in by_default] != [cell.place for cell in given]
