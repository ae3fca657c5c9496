from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.cells import FULL, plan_work
from suite.config import Suite


def make(**changes: Any) -> Suite:
    settings: dict[str, Any] = {
        "title": "Mini",
        "pools": ["glyphs"],
        "strategies": ["random", "typiclust"],
        "seeds": 2,
        "full_seeds": 1,
    }
    return Suite.model_validate(settings | changes)


def keys(suite: Suite) -> set[str]:
    return {cell.key for cell in plan_work(suite, None).cells}


def test_cells_are_the_cross_product_and_one_reference_a_pool_trainer_and_seed() -> None:
    trainers = ["supervised", {"name": "supervised", "max_steps": 60, "label": "short"}]
    work = plan_work(make(trainers=trainers), None)
    assert len(work.cells) == 2 * 2 * 2 + 2
    assert {(c.trainer, c.seed) for c in work.cells if c.kind == "full"} == {
        ("supervised", 0),
        ("short", 0),
    }
    assert {c.strategy for c in work.cells if c.kind == "full"} == {FULL}
    assert len({cell.key for cell in work.cells}) == len(work.cells)


def test_trainers_of_the_reference_alone_have_no_other_cells() -> None:
    long = {"name": "supervised", "epochs": 40, "label": "long"}
    work = plan_work(make(full_trainers=[long, "no-such-trainer"]), None)
    assert {(c.kind, c.trainer) for c in work.cells} == {
        ("strategy", "supervised"),
        ("full", "supervised"),
        ("full", "long"),
    }
    assert [(item.kind, item.name) for item in work.missing] == [("trainer", "no-such-trainer")]


def test_a_key_is_the_same_tomorrow() -> None:
    cell = next(c for c in plan_work(make(), None).cells if c.strategy == "typiclust")
    assert cell.settings == {
        "pool": "glyphs",
        "model": "two-tower",
        "device": "cpu",
        "trainer": "supervised",
        "strategy": "typiclust",
        "seed": 0,
        "initial": 0,
        "per_round": 20,
        "rounds": 8,
        "first_batch": "auto",
    }
    assert cell.key == "9bfb8fe50bb988c8"


def test_titles_and_other_cells_leave_a_key_as_it_is() -> None:
    more = make(
        title="Another",
        pools=[{"name": "glyphs", "label": "letters"}],
        strategies=["random", {"name": "typiclust", "label": "ours"}, "coreset"],
    )
    assert keys(make()) < keys(more)


def test_what_the_result_depends_on_changes_the_keys() -> None:
    cells = [
        make(),
        make(defaults={"rounds": 3}),
        make(defaults={"model": "sklearn"}),
        make(pools=[{"name": "glyphs", "per_round": 7}]),
        make(pools=[{"name": "glyphs", "options": {"split_seed": 1}}]),
        make(trainers=[{"name": "supervised", "epochs": 3}]),
    ]
    drawn = [
        {c.key for c in plan_work(suite, None).cells if c.kind == "strategy"} for suite in cells
    ]
    assert len(set.union(*drawn)) == sum(len(own) for own in drawn)


def test_what_is_not_here_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    suite = make(
        pools=["data:there", "data:gone", "no-such-pool"],
        trainers=["supervised", "no-such-trainer"],
        strategies=["random", "no-such+top", {"name": "random", "size": 3, "label": "wrong"}],
    )
    work = plan_work(suite, tmp_path)
    assert {(item.kind, item.name) for item in work.missing} == {
        ("pool", "gone"),
        ("pool", "no-such-pool"),
        ("trainer", "no-such-trainer"),
        ("strategy", "no-such+top"),
        ("strategy", "wrong"),
    }
    assert {(c.pool, c.trainer, c.strategy) for c in work.cells} == {
        ("there", "supervised", "random"),
        ("there", "supervised", FULL),
    }
    assert {c.place.source for c in work.cells} == {str(tmp_path / "there")}
    assert [m.reason for m in plan_work(suite, None).missing if m.name == "there"] == [
        "no folder of data sets is given; give one with --data"
    ]
