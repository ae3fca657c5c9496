"""Where labels harm, and the table that says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from studies import curve_study, make_curve
from suite.falls import fall_tables, gains, largest_fall
from suite.study import Study


def study(*by_seed: tuple[float, ...]) -> Study:
    """One rival in one pool, values at 0, 5 and 10 labels by seed."""
    made = curve_study({"random": make_curve([0, 5, 10], by_seed[0])})
    curves = {("pool", s): make_curve([0, 5, 10], v) for s, v in enumerate(by_seed)}
    return replace(made, curves={"random": curves})


def test_gains_are_paired_with_the_model_without_labels() -> None:
    found = gains(study((0.3, 0.2, 0.5), (0.5, 0.44, 0.7)), "random", "pool")
    assert list(found) == [5, 10]
    assert found[5].mean == pytest.approx(-0.08)
    # Differences of -0.10 and -0.06: half their distance is the standard error.
    assert found[5].error == pytest.approx(0.02)
    assert found[10].mean == pytest.approx(0.2) and found[10].error == pytest.approx(0)


def test_the_largest_fall_is_the_surest_one() -> None:
    found = gains(study((0.3, 0.2, 0.29), (0.5, 0.48, 0.489)), "random", "pool")
    # 0.06 ± 0.04 at 5 labels is less sure than 0.0105 ± 0.0005 at 10.
    fall = largest_fall(found)
    assert fall is not None and fall[0] == 10
    assert largest_fall(gains(study((0.3, 0.3, 0.4)), "random", "pool")) is None


def test_the_tables_name_falls_and_every_budget() -> None:
    falling = study((0.3, 0.2, 0.5), (0.5, 0.44, 0.7))
    summary, by_budget = fall_tables(falling, ["random"])
    assert summary.rows == [["random", "−0.080 ± 0.020 at 5 (4.0 SE)"]]
    assert summary.best == {(0, 1)}
    assert by_budget.columns == ["Strategy", "0", "5", "10"]
    assert by_budget.rows == [["random", *["0.400 ± 0.100", "0.320 ± 0.120", "0.600 ± 0.100"]]]
    rising, _ = fall_tables(study((0.3, 0.3, 0.5)), ["random"])
    assert rising.rows == [["random", "none"]] and not rising.best


def test_curves_that_begin_with_labels_say_nothing() -> None:
    labeled = curve_study({"random": make_curve([5, 10], [0.1, 0.2])})
    assert list(fall_tables(labeled, ["random"])) == []
    mixed = curve_study({"random": make_curve([0, 5], [0.1, 0.2]), "other": make_curve([5], [0.3])})
    summary, by_budget = fall_tables(mixed, ["random", "other"])
    assert summary.rows == [["random", "none"], ["other", "–"]]
    assert by_budget.rows[1] == ["other", "–", "0.300"]
