"""The comparison that says whether two commits pick the same pairs."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from suite.same.cases import cases, made_pool, run
from suite.same.compare import differences

BEFORE: dict[str, Any] = {
    "a run": {"picks": [["x", "y"], ["z"]], "map": [[0.5, 0.25], [0.75, 0.5]]},
    "a campaign": {"picks": [["x"]], "scores": [[2.0, 1.0]]},
}


def changed(case: str, key: str, value: Any) -> dict[str, str]:
    after = copy.deepcopy(BEFORE)
    after[case][key] = value
    return differences(BEFORE, after)


def test_the_same_outcomes_differ_in_nothing() -> None:
    assert differences(BEFORE, copy.deepcopy(BEFORE)) == {}


def test_a_new_case_is_not_compared_and_a_missing_one_is() -> None:
    assert differences({}, BEFORE) == {}
    assert differences(BEFORE, {"a run": BEFORE["a run"]}) == {"a campaign": "is not run any more"}


@pytest.mark.parametrize(
    ("case", "key", "value", "said"),
    [
        ("a run", "picks", [["x", "w"], ["z"]], "round 0: 1 of 2 picks differ"),
        ("a run", "picks", [["y", "x"], ["z"]], "round 0: the order differs"),
        ("a run", "map", [[0.5, 0.25], [0.75, 0.5 + 2e-9]], "MAP differs by 2.00e-09"),
        ("a run", "map", [[0.5, 0.25], [0.75, float("nan")]], "MAP differs by nan"),
        ("a run", "error", ["Traceback\nValueError: no"], "failed now: ValueError: no"),
        ("a campaign", "scores", [[2.0, 1.1]], "batch 0: scores differ by 1.00e-01"),
        ("a campaign", "scores", [[2.0]], "batch 0: 2 scores before, 1 now"),
    ],
)
def test_every_difference_is_said(case: str, key: str, value: Any, said: str) -> None:
    assert changed(case, key, value) == {case: said}


def test_rounding_below_the_tolerance_is_no_difference() -> None:
    assert changed("a run", "map", [[0.5, 0.25], [0.75, 0.5 + 5e-10]]) == {}


def test_cases_cover_what_is_built_in() -> None:
    names = " ".join(cases())
    for wanted in ("badge", "coreset", "probcover", "typiclust", "bald+top", "ascmr+top"):
        assert f"{wanted} on glyphs" in names


def test_a_case_gives_picks_and_figures_that_are_the_same_again() -> None:
    pool = made_pool(300, 8)
    first, again = (run(lambda: pool, strategy="random", rounds=1) for _ in range(2))
    assert [len(picks) for picks in first["picks"]] == [30, 20]
    assert differences({"case": first}, {"case": again}) == {}
