from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from report_data import figures, make_data, make_run
from scipy.stats import ttest_1samp

from acqkit.report.data import ClassFacts, Coverage, Figures, Full, Run
from acqkit.report.figures import Estimate, areas, baseline_of, curve, key_figures
from acqkit.report.headline import headline
from acqkit.report.payload import MOST_CLASSES, colors, payload


def moved(figures: Figures, by: float) -> Figures:
    """The same round with another MAP."""
    metrics = figures.metrics | {"map": figures.metrics["map"] + by}
    return figures.model_copy(update={"metrics": metrics})


def test_a_curve_is_mean_and_standard_error_over_seeds() -> None:
    run = make_run("x", figures=figures(seeds=3))
    points = curve(run, "map50")
    values = np.array([[f.metrics["map50"] for f in run.figures if f.round == r] for r in range(3)])
    assert_allclose([p.value.mean for p in points], values.mean(axis=1))
    errors = values.std(axis=1, ddof=1) / np.sqrt(3)
    assert_allclose([p.value.error or 0.0 for p in points], errors)
    assert [p.labels for p in points] == [10, 20, 30]


def test_rounds_that_only_some_seeds_have_are_left_out() -> None:
    run = make_run("x", figures=figures(seeds=2)[:-1])
    assert [point.round for point in curve(run)] == [0, 1]
    assert areas(run) == pytest.approx({0: 0.25, 1: 0.27})


def test_one_seed_has_no_error() -> None:
    assert Estimate.of([0.5]) == Estimate(0.5, None, 1)


def test_labels_that_the_baseline_needed_and_a_better_strategy_did_not() -> None:
    # Random goes .2, .3, .4 (+.01, the seeds' mean) and the other .2, .4: there at 20 of 30.
    random, better = make_run("random"), make_run("better", 0.1)
    found = key_figures(better, random)
    assert found.against is not None and found.against.area is not None
    assert found.against.labels == pytest.approx(20)
    assert found.against.needed == pytest.approx(30)
    assert found.against.area.mean == pytest.approx(0.1)
    assert found.against.wins == 2 and found.against.area.is_clear()
    # 95% of .5 = .475, between .41 at 20 and .61 at 30.
    assert found.to_share_of_full == pytest.approx(20 + 10 * (0.475 - 0.41) / 0.2)
    assert key_figures(random, random).against is None


def test_the_headline_says_what_was_found_and_how_far_to_believe_it() -> None:
    said = headline([make_run("random"), make_run("better", 0.1)])
    assert said.text == (
        "better reaches random’s final MAP of 0.410 with 0.67× the labels: 20 instead of 30."
    )
    assert said.remarks == [
        "Paired over 2 seeds, the difference in mean MAP along the curve is +0.100 ± 0.000, above "
        "zero in all of them.",
        "better reaches 95% of the fully supervised MAP (0.500) with 23 labels.",
        "Five seeds or more would tell with more certainty.",
    ]


def spread(name: str, *gains: float, more: float = 0.0) -> Run:
    """A run whose seeds are each another amount above `figures`."""
    own = [moved(f, gains[f.seed]) for f in figures(more, len(gains))]
    return make_run(name, figures=own)


@pytest.mark.parametrize(
    ("runs", "text", "remark"),
    [
        ([make_run("random"), make_run("worse", -0.05)], "worse is behind random", "−0.050"),
        (
            [make_run("random"), make_run("lucky", 0.01, figures=figures(0.01, seeds=1))],
            "One seed cannot tell lucky and random apart",
            "Five seeds",
        ),
        ([make_run("alone")], "alone takes MAP from 0.210 with 10 labels to 0.410 with 30.", "82%"),
        ([make_run("a"), make_run("b", 0.1)], "b reaches a’s final MAP", "95%"),
        (
            [make_run("random"), make_run("long", 0.1, figures=figures(0.1, rounds=5))],
            "long reaches",
            "cannot be compared",
        ),
        ([make_run("a", full=None)], "a takes MAP", ""),
        (
            [make_run("random"), make_run("b", full=Full(map=0.2, map50=0.3))],
            "b and random are not told apart",
            "b is above 95% of the fully supervised MAP (0.200) from the first round on.",
        ),
        (
            [spread("random", *[0.3] * 5), spread("b", *[0.31] * 5, more=-0.01)],
            "b and random are not told apart",
            "",
        ),
    ],
)
def test_headlines_of_other_results(runs: list[Any], text: str, remark: str) -> None:
    said = headline(runs)
    assert said.text.startswith(text)
    assert remark in " ".join(said.remarks)


def test_a_difference_that_seeds_do_not_agree_on_is_noise() -> None:
    said = headline([spread("random", 0, 0), spread("other", -0.04, 0.05)])
    assert said.text == (
        "other and random are not told apart: mean MAP along the curve 0.315 and 0.310, a "
        "difference within the noise of 2 seeds."
    )
    assert "+0.005 ± 0.045, above zero in 1 of them." in said.remarks[0]


def test_a_difference_is_clear_where_a_t_test_says_so() -> None:
    rng = np.random.default_rng(0)
    for n in (2, 3, 5, 12):
        for shift in (0.5, 1, 2, 4, 8):
            values = rng.standard_normal(n) + shift
            p = ttest_1samp(values, 0).pvalue
            for comparisons in (1, 4):
                assert Estimate.of(values).is_clear(comparisons) == (p < 0.05 / comparisons)
    assert not Estimate.of([1.0]).is_clear()


def test_the_best_of_many_has_to_be_clearer_than_the_best_of_one() -> None:
    random = spread("random", 0, 0, 0, 0)
    good = spread("good", 0.02, 0.02, 0.03, 0.05)
    assert "reaches random’s final MAP" in headline([random, good]).text
    others = [spread(f"other {i}", 0, 0, 0, 0) for i in range(9)]
    assert headline([random, good, *others]).text.startswith("good and random are not told apart")


def test_labels_that_made_map_worse_are_the_headline() -> None:
    falling = make_run("x", -0.2)
    assert headline([falling]).text == (
        "Labels made MAP worse with x: 0.210 with 10 labels, 0.010 with 30."
    )
    doubtful = make_run("x", figures=[
        moved(f, -0.3 * (f.round == 2 and f.seed == 1))
        for f in figures(-0.05)
    ])  # fmt: skip
    said = headline([doubtful])
    assert said.text.startswith("Labels did not raise MAP with x: 0.210 with 10 labels, 0.160")


def test_every_strategy_with_which_map_fell_is_named() -> None:
    said = headline([make_run("random", -0.2), make_run("x", -0.15), make_run("y")])
    assert said.text == "y is at random’s final MAP of 0.010 from the first round on."
    fell = [remark for remark in said.remarks if remark.startswith("Labels made MAP worse with")]
    assert [remark.split(":")[0].split()[-1] for remark in fell] == ["random", "x"]


def test_seeds_that_two_runs_do_not_share_are_not_paired() -> None:
    shifted = [f.model_copy(update={"seed": f.seed + 1}) for f in figures(0.1)]
    one_common = [make_run("random"), make_run("b", figures=shifted)]
    assert headline(one_common).text.startswith("One seed cannot tell b and random apart")
    apart = [f.model_copy(update={"seed": f.seed + 7}) for f in figures(0.1)]
    found = key_figures(make_run("b", figures=apart), make_run("random"))
    assert found.against is not None and found.against.area is None
    said = headline([make_run("random"), make_run("b", figures=apart)])
    assert said.text == "b and random have no seed in common to be compared over."


def test_the_baseline_is_random_among_others() -> None:
    random, other = make_run("random · supervised"), make_run("x")
    assert baseline_of([other, random]) is random
    assert baseline_of([random]) is None


def test_random_is_gray_and_the_others_differ() -> None:
    names = colors([make_run("a"), make_run("random"), make_run("b")])
    assert names == ["--strategy-0", "--strategy-baseline", "--strategy-1"]


def test_classes_come_from_frequent_to_rare_and_the_tail_is_summed_up() -> None:
    n = MOST_CLASSES + 5
    counts = list(range(1, n + 1))
    coverage = Coverage(rounds=[0], picked=[50], counts=[[float(c) for c in counts]], seen=n)
    classes = ClassFacts(names=[f"c{c}" for c in counts], counts=counts)
    found = payload(make_data(runs=[make_run("a", coverage=coverage)], classes=classes))
    assert found["classes"]["names"][0] == f"c{n}"
    assert found["classes"]["names"][-1] == "5 rarer classes"
    assert found["classes"]["counts"][-1] == 1 + 2 + 3 + 4 + 5
    shown = found["runs"][0]["coverage"]["counts"][0]
    assert shown[0] == n and shown[-1] == 15 and sum(shown) == sum(counts)
