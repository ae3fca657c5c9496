from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from suite.config import Suite
from suite.study import make_study
from suite.table import Row


def make(**changes: Any) -> Suite:
    settings: dict[str, Any] = {
        "title": "Mini",
        "pools": ["glyphs"],
        "strategies": ["random", "typiclust"],
        "trainers": ["supervised", {"name": "supervised", "epochs": 1, "label": "short"}],
    }
    return Suite.model_validate(settings | changes)


def rows_of(trainer: str, strategy: str, map: float, seed: int = 0) -> list[Row]:
    start = Row(
        kind="strategy",
        pool="glyphs",
        trainer=trainer,
        strategy=strategy,
        seed=seed,
        first_batch="own",
        pairs=100,
        round=0,
        labels=0,
        map=0.1,
        map50=0.1,
        seconds_train=9.0,
        seconds_embed=0.0,
        seconds_score=0.0,
        seconds_allocate=0.0,
        seconds_evaluate=0.0,
    )
    later = [replace(start, round=r, labels=10 * r, map=map, seconds_train=r) for r in (1, 2)]
    return [start, *later]


def full_of(trainer: str, map: float, seed: int = 0) -> Row:
    row = rows_of(trainer, "all labels", map, seed)[1]
    return replace(row, kind="full", round=0, labels=100)


ROWS = [
    row
    for trainer, strategy, map in (
        ("supervised", "random", 0.3),
        ("supervised", "typiclust", 0.4),
        ("short", "random", 0.2),
        ("short", "typiclust", 0.25),
    )
    for row in rows_of(trainer, strategy, map)
]


def test_strategies_compete_within_each_trainer() -> None:
    study = make_study(make(), ROWS)
    assert study.settings == ["glyphs · supervised", "glyphs · short"]
    assert study.rivals == ["random", "typiclust"]
    assert study.areas("typiclust") == pytest.approx(
        {("glyphs · supervised", 0): 0.4, ("glyphs · short", 0): 0.25}
    )


def test_trainers_compete_within_each_strategy() -> None:
    study = make_study(make(compare="trainers", reference="supervised"), ROWS)
    assert study.settings == ["glyphs · random", "glyphs · typiclust"]
    assert study.areas("short") == pytest.approx(
        {("glyphs · random", 0): 0.2, ("glyphs · typiclust", 0): 0.25}
    )
    assert study.complete() == ["supervised", "short"]


def test_the_best_trainer_s_mean_over_seeds_is_the_fully_supervised_map() -> None:
    full = [
        full_of("supervised", 0.5),
        full_of("supervised", 0.7, seed=1),
        full_of("short", 0.9),
        full_of("short", 0.1, seed=1),
    ]
    study = make_study(make(), ROWS + full)
    assert study.full == pytest.approx({"glyphs · supervised": 0.6, "glyphs · short": 0.6})


def test_the_suite_says_which_metric_is_compared() -> None:
    rows = [replace(row, map50=2 * (row.map or 0)) for row in ROWS]
    study = make_study(make(metric="map@50"), [*rows, full_of("short", 0.9)])
    assert study.metric == "MAP@50"
    assert study.areas("typiclust")["glyphs · short", 0] == pytest.approx(0.5)
    assert study.full["glyphs · short"] == pytest.approx(0.1)
    assert make_study(make(), rows).metric == "MAP"


def test_one_budget_makes_no_curve() -> None:
    assert make_study(make(), ROWS).has_curves
    assert not make_study(make(), [row for row in ROWS if row.round != 2]).has_curves


def test_seconds_are_those_of_the_rounds_after_the_first() -> None:
    curve = make_study(make(), ROWS).curves["random"]["glyphs · short", 0]
    assert curve.seconds["train"] == pytest.approx(1.5)


def test_a_reason_for_many_seeds_is_said_once() -> None:
    lost = [
        Row("strategy", "glyphs", "short", "badge", seed, status="failed", error="too big")
        for seed in (0, 1, 2)
    ]
    missing = Row("strategy", "gone", "", "", status="missing", error="not there")
    assert make_study(make(), [*ROWS, *lost, missing]).absent == [
        "glyphs, short, badge (seed 0, 1, 2): failed: too big",
        "gone: missing: not there",
    ]


def test_systems_are_strategies_with_trainers() -> None:
    suite = make(compare="systems", reference="random · short")
    study = make_study(suite, ROWS)
    assert study.rivals == [
        "random · supervised",
        "random · short",
        "typiclust · supervised",
        "typiclust · short",
    ]
    assert study.settings == ["glyphs"]
    assert study.what == "system"
    assert study.of("typiclust · short", "glyphs")[0].values == (0.1, 0.25, 0.25)
    assert study.of("random · supervised", "glyphs")[0].values == (0.1, 0.3, 0.3)


def test_the_reference_of_systems_is_a_system() -> None:
    with pytest.raises(ValueError, match=r"'random' is none of the systems: random · supervised"):
        make(compare="systems")
