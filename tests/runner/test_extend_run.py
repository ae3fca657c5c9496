"""What is done is not done again: runs that go on, and runs that ask for more than is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import acqkit
from acqkit import Component, RoundContext
from acqkit.components.resolve import spec_of
from acqkit.config import make_config
from acqkit.embeddings import IntArray
from acqkit.errors import ConfigError
from acqkit.interfaces import Model, Pool
from acqkit.report import collect
from acqkit.runner import execute
from acqkit.runs import Results
from acqkit.runs.folder import strategy_name
from acqkit.testing import make_pool
from light_components import LightFactory, LightMargin, LightTrainer

POOL = make_pool(test_share=0.25)
TRAININGS: list[tuple[int, int]] = []


class Counted(LightTrainer):
    """Notes the seed and the number of labels of every training."""

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        TRAININGS.append((seed, len(pool.labels.labeled)))
        super().fit(model, pool, seed)


class Last(Component):
    """Picks the last candidates, `step` apart."""

    step: int = 1

    def select(self, context: RoundContext, n: int) -> IntArray:
        return context.candidates[:: -self.step][:n]


@pytest.fixture(autouse=True)
def _no_trainings() -> Iterator[None]:
    TRAININGS.clear()
    yield


def run(out: Path, **more: Any) -> list[Results]:
    settings = {
        "strategy": LightMargin(),
        "trainer": Counted(),
        "model": LightFactory(),
        "initial": "8%",
        "per_round": 8,
        "rounds": 2,
        "seeds": 2,
    } | more
    return acqkit.compare(POOL, out=out, **settings)


def found(folder: Path) -> dict[str, Any]:
    """What is in `results.json` but timings."""
    data = Results.read(folder / "results.json").model_dump()
    for record in data["rounds"]:
        del record["seconds"]
    return data


@pytest.mark.parametrize(
    "more", [{"rounds": 5}, {"seeds": 3}, {"rounds": 4, "seeds": 3}, {"full": True, "seeds": 3}]
)
def test_an_extended_run_is_one_made_so_from_the_beginning(
    tmp_path: Path, more: dict[str, Any]
) -> None:
    run(tmp_path / "at once", **more)
    at_once = set(TRAININGS)
    run(tmp_path / "extended")
    there = set(TRAININGS[len(at_once) :])
    TRAININGS.clear()
    [extended] = run(tmp_path / "extended", **more)
    # The next selection starts from the last model that was there: no other is trained again.
    assert all(labels == 28 for _, labels in there & set(TRAININGS))
    assert len(TRAININGS) == len(set(TRAININGS)) and there | set(TRAININGS) == at_once
    assert found(tmp_path / "extended") == found(tmp_path / "at once")
    assert Results.read(tmp_path / "extended" / "results.json") == extended
    precise = [r.round for r in extended.rounds if r.label_precision is not None]
    assert precise == [more.get("rounds", 2)] * more.get("seeds", 2)


def test_another_strategy_comes_beside_the_first(tmp_path: Path) -> None:
    out = tmp_path / "run"
    run(out)
    first = (out / "results.json").read_bytes()
    TRAININGS.clear()
    run(out, strategy="random", rounds=3)
    assert len(TRAININGS) == 2 * 4
    assert (out / "results.json").read_bytes() == first
    run(tmp_path / "alone", strategy="random", rounds=3)
    assert found(out / "random") == found(tmp_path / "alone")
    assert len(collect([out], POOL).runs) == 2
    assert len(collect([out / "random"], POOL).runs) == 1
    run(out, strategy=[LightMargin(), "random", Last(step=2)], rounds=3)
    assert (out / "test_extend_run_Last(step=2)" / "results.json").exists()
    assert {run.name for run in collect([out], POOL).runs} == {
        "light_components:LightMargin", "random", "test_extend_run:Last(step=2)",
    }  # fmt: skip


def test_a_folder_is_nobody_elses() -> None:
    assert strategy_name("full", ["."], alone=True) == "full-2"
    assert strategy_name("a:b", [".", "a_b", "a_b-2"], alone=True) == "a_b-3"
    assert strategy_name("random", [], alone=False) == "random"


@pytest.mark.parametrize(
    ("less", "sentence"),
    [
        ({"rounds": 1}, "rounds of .*LightMargin was 2, now 1"),
        ({"seeds": 1}, "seeds of .*LightMargin were 0 to 1, now 0"),
        ({"first_seed": 1}, "seeds of .*LightMargin were 0 to 1, now 1 to 2"),
    ],
)
def test_less_than_is_there_is_refused(tmp_path: Path, less: dict[str, Any], sentence: str) -> None:
    run(tmp_path / "run")
    with pytest.raises(ConfigError, match=sentence):
        run(tmp_path / "run", **less)


def test_what_was_there_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    data = {
        "pool": "synthetic",
        "strategy": ["random", "coreset"],
        "trainer": spec_of("trainer", LightTrainer()),
        "model": spec_of("model", LightFactory()),
        "initial": 12,
        "per_round": 8,
        "rounds": 1,
        "seeds": 1,
        "out": str(tmp_path / "run"),
    }
    execute(make_config(data), POOL, say=said.append)
    assert said == []
    execute(make_config(data | {"rounds": 2}), POOL, say=said.append)
    assert said == [f"4 of 6 rounds were there in {tmp_path / 'run'}"]
