"""Figures of MAP-budget curves: by hand, and properties that must hold for any curve."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from acqkit.errors import ReportError
from acqkit.metrics import area_under_curve, labels_to_reach, share_of_label_gain

Curve = tuple[list[int], list[float]]


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    steps = draw(st.lists(st.integers(1, 500), min_size=1, max_size=12))
    maps = draw(st.lists(st.floats(0, 1), min_size=len(steps), max_size=len(steps)))
    return np.cumsum(steps).tolist(), maps


def test_area_by_hand() -> None:
    assert_allclose(area_under_curve([10, 20, 40], [0.2, 0.4, 0.5]), (3 + 9) / 30)
    assert area_under_curve([10], [0.3]) == 0.3
    assert_allclose(area_under_curve([10, 10], [0.3, 0.5]), 0.4)


@given(curves())
def test_area_is_a_mean_map(curve: Curve) -> None:
    area = area_under_curve(*curve)
    assert min(curve[1]) - 1e-12 <= area <= max(curve[1]) + 1e-12


@given(curves(), st.floats(0.1, 10), st.integers(0, 1000))
def test_area_does_not_depend_on_units_of_the_budget(
    curve: Curve, scale: float, shift: int
) -> None:
    moved = [shift + scale * x for x in curve[0]]
    assert_allclose(area_under_curve(moved, curve[1]), area_under_curve(*curve), atol=1e-9)


@given(curves())
def test_area_does_not_change_by_a_round_on_the_line(curve: Curve) -> None:
    x, y = curve
    denser_x = sorted([*x, *((a + b) / 2 for a, b in pairwise(x))])
    denser_y = np.interp(denser_x, x, y)
    assert_allclose(area_under_curve(denser_x, denser_y), area_under_curve(x, y), atol=1e-9)


def test_labels_to_reach_by_hand() -> None:
    curve = ([100, 200, 300, 400], [0.2, 0.4, 0.3, 0.6])
    assert labels_to_reach(*curve, 0.3) == pytest.approx(150)
    assert labels_to_reach(*curve, 0.5) == pytest.approx(300 + 100 * 2 / 3)
    assert labels_to_reach(*curve, 0.6) == 400
    assert labels_to_reach(*curve, 0.1) == 100
    assert labels_to_reach(*curve, 0.61) is None


@given(curves(), st.floats(0, 1))
def test_labels_to_reach_is_the_first_point_of_the_curve_there(curve: Curve, target: float) -> None:
    x, y = curve
    reached = labels_to_reach(x, y, target)
    if reached is None:
        assert max(y) < target
        return
    assert x[0] <= reached <= x[-1]
    assert np.interp(reached, x, y) >= target - 1e-9
    assert all(value < target for label, value in zip(x, y, strict=True) if label < reached - 1e-6)


@given(curves(), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_target_never_takes_fewer_labels(curve: Curve, one: float, other: float) -> None:
    low, high = (labels_to_reach(*curve, target) for target in sorted((one, other)))
    assert high is None or (low is not None and low <= high + 1e-9)


def test_share_of_label_gain() -> None:
    assert_allclose(share_of_label_gain(0.7, 0.5, 0.9), 0.5)
    assert share_of_label_gain(0.5, 0.5, 0.9) == 0
    assert share_of_label_gain(0.9, 0.5, 0.9) == 1
    assert share_of_label_gain(0.4, 0.5, 0.9) < 0
    for reference in (0.5, 0.4, float("nan")):
        with pytest.raises(ReportError, match="needs a fully supervised MAP above"):
            share_of_label_gain(0.7, 0.5, reference)


@pytest.mark.parametrize(
    ("labels", "maps", "words"),
    [
        ([], [], "at least 1"),
        ([1, 2], [0.1], "one length"),
        ([1, 2], [0.1, np.nan], "map of a MAP-budget curve is nan in row 1"),
        ([np.inf, 2], [0.1, 0.1], "labels of a MAP-budget curve is inf in row 0"),
        ([5, 3], [0.1, 0.2], "go down from 5 to 3 in row 1"),
    ],
)
def test_curves_that_are_none_are_refused(labels: Any, maps: Any, words: str) -> None:
    with pytest.raises(ReportError, match=words):
        area_under_curve(labels, maps)
    with pytest.raises(ReportError, match=words):
        labels_to_reach(labels, maps, 0.5)
