from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer import Exit

from acqkit.components.registry import registry
from acqkit.testing import make_pool
from suite.baselines import register_baselines
from tune_trainers import VALIDATION, Job, combinations, main, run_job, split_train


@pytest.fixture(autouse=True)
def baselines() -> Iterator[None]:
    registry.cache_clear()
    register_baselines()
    yield
    registry.cache_clear()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    pool = make_pool(n=200, classes=3, seed=1)
    assert pool.truth is not None
    batch = pool.batch(np.arange(len(pool)))
    split = np.where(np.arange(len(pool)) % 4 == 0, "test", "train")
    np.savez(
        tmp_path / "tiny.npz",
        modality_a=batch.a,
        modality_b=batch.b,
        labels=pool.truth,
        split=split,
        class_names=np.array(pool.class_names),
    )
    return tmp_path / "tiny.npz"


def test_validation_pairs_are_a_fixed_part_of_the_train_pairs(source: Path) -> None:
    learned, held_out = split_train(str(source), "{}")
    ids = {*learned.ids.tolist()}, {*held_out.ids.tolist()}
    assert not ids[0] & ids[1]
    assert all(number % 4 for number in ids[0] | ids[1])
    assert len(ids[0] | ids[1]) == 150
    assert len(held_out) == pytest.approx(VALIDATION * 150, abs=15)
    again = split_train.__wrapped__(str(source), "{}")
    assert again[1].ids.tolist() == held_out.ids.tolist()


def test_a_job_says_how_good_a_setting_is(source: Path) -> None:
    job = Job("fixmatch", (("threshold", 0.7),), "tiny", str(source), "{}", 0, 40, 0.2)
    first, second = run_job(job), run_job(job)
    assert (first.map, first.map50) == (second.map, second.map50)
    assert 0.5 < first.map <= first.map50 <= 1


def test_all_values_are_combined() -> None:
    found = [dict(params) for params in combinations({"x": [1, 2], "y": [3]})]
    assert found == [{"x": 1, "y": 3}, {"x": 2, "y": 3}]


def write_grid(source: Path, values: list[float]) -> Path:
    grid = {"pools": [str(source)], "trainers": {"pair-wise": {"same_class_weight": values}}}
    path = source.parent / "grid.yaml"
    path.write_text(yaml.safe_dump(grid), encoding="utf-8")
    return path


def test_the_table_has_every_setting(source: Path) -> None:
    out = source.parent / "table.md"
    main([], write_grid(source, [0.5, 2]), out, seeds=1, steps=2)
    text = out.read_text(encoding="utf-8")
    assert "## pair-wise" in text and "tiny: MAP@50" in text
    assert "| same_class_weight 0.5 |" in text and "| same_class_weight 2 |" in text


def test_nobody_may_try_more_than_the_others(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Exit):
        main([], write_grid(source, [1, 2, 3, 4, 5, 6, 7]), source.parent / "table.md")
    assert "pair-wise has 7 settings; give at most 6" in capsys.readouterr().out
