from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from studies import curve_study, flat_study, make_curve
from suite.statistics import holm, mean_ranks, signed_rank, versus, win_matrix


def noisy(shift: float, seed: int, n: int = 20) -> list[float]:
    base = np.random.default_rng(0).uniform(0.3, 0.6, n)
    return list(base + shift + np.random.default_rng(seed).normal(0, 0.02, n))


def test_area_leaves_out_the_point_without_labels() -> None:
    assert make_curve([0, 10, 20, 40], [0.9, 0.2, 0.4, 0.4]).area == pytest.approx(
        (10 * 0.3 + 20 * 0.4) / 30
    )


def test_against_the_reference_is_paired_over_all_blocks() -> None:
    study = flat_study({"random": noisy(0, 1), "ours": noisy(0.01, 2)})
    found = versus(study, "ours")
    assert found is not None
    differences = np.array(noisy(0.01, 2)) - np.array(noisy(0, 1))
    wins = int((differences > 0).sum())
    assert found.difference.mean == pytest.approx(differences.mean())
    assert found.difference.error == pytest.approx(differences.std(ddof=1) / np.sqrt(20))
    assert (found.wins, found.losses) == (wins, 20 - wins)
    assert found.wilcoxon == pytest.approx(stats.wilcoxon(differences).pvalue)
    assert found.sign == pytest.approx(stats.binomtest(wins, 20).pvalue)
    assert found.by_setting["pool1"].mean == pytest.approx(differences[5:10].mean())


def test_only_common_blocks_count_against_the_reference() -> None:
    study = flat_study({"random": [0.1, 0.2, 0.3], "ours": [0.3, 0.1]})
    found = versus(study, "ours")
    assert found is not None
    assert (found.wins, found.losses, found.difference.seeds) == (1, 1, 2)
    assert versus(flat_study({"random": [0.1], "ours": []}), "ours") is None


def test_equal_rivals_do_not_differ() -> None:
    study = flat_study({"random": [0.1, 0.2, 0.3], "same": [0.1, 0.2, 0.3]})
    found = versus(study, "same")
    assert found is not None
    assert (found.wilcoxon, found.sign, found.wins, found.losses) == (1.0, 1.0, 0, 0)
    assert signed_rank([0.0, 0.0]) == 1.0


def test_holm_by_hand() -> None:
    # Sorted .01, .02, .03, .04 times 4, 3, 2, 1 = .04, .06, .06, .04, made ascending.
    assert holm(np.array([0.04, 0.01, 0.03, 0.02])) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm(np.array([0.9, 0.8])) == pytest.approx([1.0, 1.0])


def test_mean_ranks_and_friedman() -> None:
    areas = {"random": noisy(0, 1), "good": noisy(0.2, 2), "twin": noisy(0.2, 3)}
    ranks = mean_ranks(flat_study(areas))
    assert ranks is not None
    table = np.array([areas[rival] for rival in ranks.rivals])
    expected = stats.rankdata(-table, axis=0).mean(axis=1)
    assert ranks.mean == pytest.approx(expected)
    assert ranks.rivals[-1] == "random"
    assert ranks.friedman == pytest.approx(stats.friedmanchisquare(*table).pvalue)
    raw = [
        stats.wilcoxon(table[0] - table[1]).pvalue,
        stats.wilcoxon(table[0] - table[2]).pvalue,
        stats.wilcoxon(table[1] - table[2]).pvalue,
    ]
    corrected = holm(np.array(raw))
    assert ranks.pairwise[[0, 0, 1], [1, 2, 2]] == pytest.approx(corrected)
    assert ranks.against_first[1:] == pytest.approx(holm(np.array(raw[:2])))
    assert set(ranks.tied_first()) == {"good", "twin"}
    assert ranks.groups == [(0, 1)]


def test_ties_share_their_ranks() -> None:
    ranks = mean_ranks(flat_study({"random": [0.1, 0.1], "a": [0.5, 0.5], "b": [0.5, 0.5]}))
    assert ranks is not None
    assert dict(zip(ranks.rivals, ranks.mean, strict=True)) == {"a": 1.5, "b": 1.5, "random": 3.0}


def test_who_lacks_a_block_is_not_ranked() -> None:
    ranks = mean_ranks(flat_study({"random": [0.1, 0.2], "a": [0.3, 0.4], "failed": [0.9]}))
    assert ranks is not None
    assert ranks.rivals == ["a", "random"]
    assert mean_ranks(flat_study({"random": [0.1], "failed": []})) is None


def test_wins_are_shares_of_common_blocks() -> None:
    study = flat_study({"random": [0.1, 0.2, 0.3, 0.4], "a": [0.2, 0.1, 0.3]})
    matrix = win_matrix(study, ["random", "a"])
    assert matrix[1, 0] == pytest.approx((1 + 0 + 0.5) / 3)
    assert matrix[0, 1] == pytest.approx((0 + 1 + 0.5) / 3)
    assert np.isnan(matrix[0, 0])


def test_without_the_reference_there_is_no_comparison() -> None:
    study = curve_study({"a": make_curve([10], [0.5])})
    assert study.complete() == []
    assert mean_ranks(study) is None
