from __future__ import annotations

from dataclasses import replace

import pytest

from studies import curve_study, make_curve
from suite.reach import Reached, Target, find_target, geometric_mean, reached
from suite.study import Study

RANDOM = make_curve([0, 100, 200, 300, 400], [0.1, 0.3, 0.5, 0.7, 0.8])


def target_in(study: Study) -> Target:
    target = find_target(study, "pool")
    assert target is not None
    return target


def target_of(study: Study) -> tuple[float, float]:
    target = target_in(study)
    return target.value, target.needed


def needed_by(rival: str, study: Study) -> Reached:
    found = reached(study, rival, "pool", target_in(study))
    assert found is not None
    return found


def test_the_target_is_95_percent_of_the_fully_supervised_map() -> None:
    study = curve_study({"random": RANDOM}, full=0.6 / 0.95)
    assert target_of(study) == pytest.approx((0.6, 250))


@pytest.mark.parametrize("full", [0.79 / 0.95, 2.0, None])
def test_a_target_out_of_range_gives_way_to_the_reference_s_own_map(full: float | None) -> None:
    # .79 is reached at 390 labels, below 40% of 1,000; of 900 pairs it lies beyond.
    few = make_curve(RANDOM.labels, RANDOM.values, pairs=900)
    study = curve_study({"random": few}, full=full)
    assert target_of(study) == pytest.approx((0.3, 100))  # 200 labels are more than 20% of 900
    assert target_of(curve_study({"random": RANDOM}, full=2.0)) == pytest.approx((0.5, 200))
    near = curve_study({"random": RANDOM}, full=0.79 / 0.95)
    assert target_of(near) == pytest.approx((0.79, 390))


def test_with_budgets_beyond_20_percent_the_first_one_counts() -> None:
    study = curve_study({"random": make_curve([0, 300, 400], [0.1, 0.5, 0.6])})
    assert target_of(study) == pytest.approx((0.5, 300))


def test_the_reference_needs_what_it_needed_the_first_time() -> None:
    study = curve_study({"random": make_curve([0, 50, 100, 200], [0.1, 0.6, 0.7, 0.6])})
    assert target_of(study) == pytest.approx((0.6, 50))


def test_there_is_no_target_where_no_label_is_needed() -> None:
    study = curve_study({"random": make_curve([0, 100, 200], [0.9, 0.3, 0.5])}, full=0.5)
    assert find_target(study, "pool") is None
    assert find_target(curve_study({"other": RANDOM}), "pool") is None


def test_labels_and_ratio_to_the_reference() -> None:
    ours = make_curve([0, 100, 200], [0.1, 0.5, 0.7])
    study = curve_study({"random": RANDOM, "ours": ours}, full=0.6 / 0.95)
    found = needed_by("ours", study)
    assert (found.labels, found.never, found.ratio) == pytest.approx((150, False, 150 / 250))
    assert needed_by("random", study).ratio == pytest.approx(1.0)


def test_who_never_reaches_it_is_charged_twice_the_last_budget() -> None:
    weak = make_curve([0, 100, 400], [0.1, 0.2, 0.3])
    study = curve_study({"random": RANDOM, "weak": weak}, full=0.6 / 0.95)
    found = needed_by("weak", study)
    assert (found.labels, found.never, found.ratio) == pytest.approx((800, True, 800 / 250))


def test_any_rival_can_make_it_a_target() -> None:
    ours = make_curve([0, 100, 200], [0.1, 0.5, 0.9])
    study = curve_study({"random": RANDOM, "ours": ours}, full=0.9 / 0.95)
    assert target_of(study) == pytest.approx((0.5, 200))
    study = replace(study, reached_by="any")
    assert target_of(study) == pytest.approx((0.9, 800))
    assert needed_by("ours", study).labels == pytest.approx(200)
    assert needed_by("random", study).never
    nobody = replace(study, full={"pool": 1.0})
    assert target_of(nobody) == pytest.approx((0.5, 200))


def test_geometric_mean() -> None:
    assert geometric_mean([0.5, 2.0, 1.0]) == pytest.approx(1.0)
    assert geometric_mean([]) is None
