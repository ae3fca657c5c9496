from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import acqkit
from acqkit import hookimpl
from acqkit.components.registry import registry
from acqkit.errors import ConfigError, PluginError, PoolError
from acqkit.interfaces import Model, Pool
from acqkit.labels import LabelState
from acqkit.metrics import evaluate_retrieval
from acqkit.runs import Results
from acqkit.testing import make_pool
from light_components import LightFactory, LightMargin, LightTrainer


def light(**settings: Any) -> dict[str, Any]:
    """A run that takes milliseconds."""
    return {
        "strategy": LightMargin(),
        "trainer": LightTrainer(),
        "model": LightFactory(),
        "initial": 12,
        "per_round": 8,
        "rounds": 3,
        "seeds": 2,
    } | settings


def history(results: Results) -> list[dict[str, Any]]:
    """The rounds without their timings."""
    return [record.model_dump(exclude={"seconds"}) for record in results.rounds]


def test_results_have_the_documented_schema(tmp_path: Path) -> None:
    pool = make_pool(test_share=0.25)
    acqkit.run(pool, out=tmp_path / "run", **light(full=True))
    data = json.loads((tmp_path / "run" / "results.json").read_text())
    assert data["schema"] == 1
    assert data["versions"]["acqkit"] == acqkit.__version__
    assert data["pool"] == {
        "name": "synthetic",
        "n": 200,
        "train": 150,
        "test": 50,
        "classes": 4,
        "multilabel": False,
    }
    assert set(data["full"]) == {"map", "map50", "metrics"}
    assert data["config"]["initial"] == 12
    assert len(data["rounds"]) == 2 * 4
    for record in data["rounds"]:
        wanted = {
            "seed", "round", "labels", "map_ab", "map_ba", "map", "map50", "seconds", "picked",
            "metrics",
        }  # fmt: skip
        wanted |= {"label_precision"} if record["round"] == 3 else set()
        wanted |= {"retrieval"} if record["round"] in (0, 3) else set()
        assert set(record) == wanted
        assert set(record["seconds"]) == {"train", "embed", "score", "allocate", "evaluate"}
        assert record["labels"] == 12 + 8 * record["round"]
        assert len(record["picked"]) == (8 if record["round"] else 12)
        assert_allclose(record["map"], (record["map_ab"] + record["map_ba"]) / 2)


def test_each_round_may_have_an_amount_of_its_own(tmp_path: Path) -> None:
    pool = make_pool(test_share=0.25)
    several = light(strategy="random", initial=0, per_round=[5, "10%", 20], rounds=4, seeds=1)
    results = acqkit.run(pool, out=tmp_path / "run", **several)
    # 150 train pairs; the last amount goes on.
    assert [record.labels for record in results.rounds] == [0, 5, 20, 40, 60]
    assert [len(record.picked) for record in results.rounds] == [0, 5, 15, 20, 20]
    again = acqkit.run(pool, out=tmp_path / "run", **several)
    assert history(again) == history(results)


class Telling(LightTrainer):
    """Says how many labels it had."""

    def fit(self, model: Model, pool: Pool, seed: int) -> dict[str, Any]:  # type: ignore[override]
        super().fit(model, pool, seed)
        return {"labels": [len(pool.labels.labeled)]}


def test_what_the_trainer_records_is_in_the_round(tmp_path: Path) -> None:
    acqkit.run(make_pool(test_share=0.25), out=tmp_path / "run", **light(trainer=Telling()))
    results = Results.read(tmp_path / "run" / "results.json")
    assert len(results.rounds) == 2 * 4
    for record in results.rounds:
        assert record.model_dump()["training"] == {"labels": [record.labels]}


def test_picks_are_distinct_train_pairs_and_maps_are_those_of_the_model(tmp_path: Path) -> None:
    pool = make_pool(test_share=0.25)
    results = acqkit.run(pool, out=tmp_path / "run", **light(seeds=1))
    picked = [pair for record in results.rounds for pair in record.picked]
    assert len(set(picked)) == len(picked) == 12 + 3 * 8
    assert pool.test is not None and not pool.test[picked].any()

    train = pool.take(pool.train_positions)
    positions = train.position_of(picked)
    assert pool.truth is not None
    labels = LabelState.empty(len(train), 4).with_answers(positions, pool.truth[picked], 0)
    model = LightFactory().build(train, "cpu")
    model.fit(train.with_labels(labels), 0)
    test = model.embed(pool.batch(pool.test_positions))
    scores = evaluate_retrieval(test.a.mean, test.b.mean, pool.truth[pool.test_positions])
    assert_allclose(results.rounds[-1].map, scores.map, atol=1e-6)


def test_strategies_start_from_the_same_labels_and_are_written_side_by_side(tmp_path: Path) -> None:
    settings = light(strategy=["random", LightMargin()])
    random, margin = acqkit.compare(make_pool(test_share=0.25), out=tmp_path / "run", **settings)
    for one, other in zip(random.rounds, margin.rounds, strict=True):
        assert (one.picked == other.picked) == (one.round == 0)
    assert {path.parent.name for path in (tmp_path / "run").glob("*/results.json")} == {
        "random",
        "light_components_LightMargin",
    }
    assert Results.read(tmp_path / "run" / "random" / "results.json") == random


class InterruptError(Exception):
    """Stands for Ctrl-C."""


class InterruptAfter:
    """An observer plugin that stops the process's work after some rounds."""

    def __init__(self, rounds: int) -> None:
        self.left = rounds

    @hookimpl
    def acqkit_round_finished(self, record: dict[str, Any]) -> None:
        self.left -= 1
        if self.left == 0:
            raise InterruptError


@pytest.mark.parametrize("after", [1, 3, 4, 6, 8])
def test_an_interrupted_run_goes_on_to_the_same_history(tmp_path: Path, after: int) -> None:
    pool = make_pool(test_share=0.25)
    whole = acqkit.run(pool, out=tmp_path / "whole", **light())
    observer = InterruptAfter(after)
    registry().manager.register(observer)
    try:
        with pytest.raises(InterruptError):
            acqkit.run(pool, out=tmp_path / "cut", **light())
    finally:
        registry().manager.unregister(observer)
    resumed = acqkit.run(pool, out=tmp_path / "cut", **light())
    assert history(resumed) == history(whole)


def test_another_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    pool = make_pool(test_share=0.25)
    acqkit.run(pool, out=tmp_path / "run", **light(rounds=0, seeds=1))
    with pytest.raises(ConfigError, match=r"holds another run \(initial was 12, now 13\)"):
        acqkit.run(pool, out=tmp_path / "run", **light(rounds=0, seeds=1, initial=13))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("precious")
    with pytest.raises(ConfigError, match="is not a run"):
        acqkit.run(pool, out=tmp_path / "other", **light())
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["thesis.txt"]


def test_counts_may_be_shares_and_rounds_may_be_none(tmp_path: Path) -> None:
    pool = make_pool(test_share=0.25)
    results = acqkit.run(pool, out=tmp_path / "run", **light(initial="10%", rounds=0, seeds=1))
    assert [record.labels for record in results.rounds] == [15]


def test_a_run_may_start_without_any_label(tmp_path: Path) -> None:
    settings = light(strategy="random", initial=0, rounds=2, seeds=1)
    results = acqkit.run(make_pool(test_share=0.25), out=tmp_path / "run", **settings)
    assert [record.labels for record in results.rounds] == [0, 8, 16]
    assert [len(record.picked) for record in results.rounds] == [0, 8, 8]


def test_a_run_ends_when_every_pair_is_labeled(tmp_path: Path) -> None:
    settings = light(initial=100, per_round=40, rounds=9, seeds=1)
    results = acqkit.run(make_pool(test_share=0.25), out=tmp_path / "run", **settings)
    assert [record.labels for record in results.rounds] == [100, 140, 150]


def test_a_pool_without_a_split_gets_one_from_its_ids(tmp_path: Path) -> None:
    pool = make_pool(400)
    results = acqkit.run(pool, out=tmp_path / "run", **light(rounds=0, seeds=1))
    assert results.pool.train + results.pool.test == 400
    assert 50 <= results.pool.test <= 110


def test_budget_stops_a_run_and_is_never_exceeded(tmp_path: Path) -> None:
    settings = light(rounds=9, seeds=1, stop={"budget": 30})
    results = acqkit.run(make_pool(test_share=0.25), out=tmp_path / "run", **settings)
    assert [record.labels for record in results.rounds] == [12, 20, 28, 30]
    assert results.ended == {0: "budget of 30 labels spent"}


def test_validation_map_and_stability_stop_a_run(tmp_path: Path) -> None:
    pool = make_pool(test_share=0.25)
    large = make_pool(700, test_share=0.1)
    stop = {"target_map": 0.01, "validation": 0.5}
    labels = {"initial": 300, "per_round": 150, "rounds": 2}
    by_map = acqkit.run(large, out=tmp_path / "a", **light(seeds=1, stop=stop, **labels))
    first, last = (record.model_dump() for record in by_map.rounds)
    assert "validation_map" not in first  # about 150 pairs are held out
    assert last["validation_map"] >= 0.01 and last["validation_pairs"] >= 200
    (said,) = by_map.endings()
    assert f"among {last['validation_pairs']} held-out pairs reached 0.01" in said
    assert said in Results.read(tmp_path / "a" / "results.json").endings()
    with pytest.raises(ConfigError, match=r"at most 7 held-out pairs \(20% of 36 labels\).*falls"):
        acqkit.run(pool, out=tmp_path / "c", **light(stop={"target_map": 0.5}))
    stable = acqkit.run(
        pool, out=tmp_path / "b", **light(rounds=15, seeds=1, stop={"stability": 0.9})
    )
    kappas = [record.model_dump().get("stability", 0.0) for record in stable.rounds]
    assert min(kappas[-2:]) >= 0.9
    assert all(min(kappas[i : i + 2]) < 0.9 for i in range(len(kappas) - 2))


def test_rounds_are_told_to_observers(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []

    class Observer:
        @hookimpl
        def acqkit_round_finished(self, record: dict[str, Any]) -> None:
            seen.append(record)

    observer = Observer()
    registry().manager.register(observer)
    try:
        acqkit.run(make_pool(test_share=0.25), out=tmp_path / "run", **light())
    finally:
        registry().manager.unregister(observer)
    assert [(item["seed"], item["round"]) for item in seen] == [
        (seed, number) for seed in (0, 1) for number in range(4)
    ]


def test_what_cannot_be_run_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    pool = make_pool(test_share=0.25)
    out = tmp_path / "run"
    unlabeled = pool.with_labels(pool.labels)
    with pytest.raises(PoolError, match="no labels to simulate with"):
        acqkit.run(unlabeled, out=out, **light())
    with pytest.raises(PluginError, match=r"no strategy called 'typiclst'.*'typiclust'"):
        acqkit.run(pool, out=out, **light(strategy="typiclst"))
    with pytest.raises(ConfigError, match=r"use acqkit\.compare"):
        acqkit.run(pool, out=out, **light(strategy=["random", "coreset"]))
    with pytest.raises(PoolError, match="'glyps'; did you mean 'glyphs'"):
        acqkit.run("glyps", out=out)
    assert not out.exists()


def test_curves_areas_and_labels_to_reach(tmp_path: Path) -> None:
    results = acqkit.run(make_pool(test_share=0.25), out=tmp_path / "run", **light())
    labels, maps = results.curves()[1]
    assert labels.tolist() == [12, 20, 28, 36]
    assert_allclose(results.area()[1], np.trapezoid(maps, labels) / 24)
    assert results.labels_to_reach(float(maps[0]))[1] == 12
    assert results.labels_to_reach(1.1) == {0: None, 1: None}
