"""Classes that no label has: how many pairs have them, which, and what that does to beliefs."""

from __future__ import annotations

import numpy as np
import pytest
from acqkit_memory_bank import Aggregation, MemoryBank
from acqkit_memory_bank.unseen import of_unseen_class, unseen_share
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import dirichlet_multinomial, norm

from acqkit.labels import LabelState


@given(st.lists(st.integers(0, 12), min_size=2, max_size=9))
def test_the_share_is_of_the_likeliest_concentration(numbers: list[int]) -> None:
    counts = np.array(numbers, dtype=np.float32)
    share = unseen_share(counts)
    missing, n = numbers.count(0), sum(numbers)
    if missing in (0, len(numbers)):
        assert share == 0
        return
    assert 0 < share < missing / len(numbers)
    tried = np.geomspace(0.02, 100, 200)
    likelihoods = [
        dirichlet_multinomial.logpmf(numbers, np.full(len(numbers), a), n) for a in tried
    ]
    own = share * n / (missing - share * len(numbers))  # the concentration that gives this share
    found = dirichlet_multinomial.logpmf(numbers, np.full(len(numbers), own), n)
    assert found >= max(likelihoods) - 0.02


def test_classes_of_one_size_and_a_long_tail() -> None:
    rng = np.random.default_rng(0)
    for frequencies in (np.full(10, 0.1), 0.5 ** np.arange(1, 11) / (1 - 0.5**10)):
        found, true = [], []
        for _ in range(300):
            counts = rng.multinomial(20, frequencies).astype(np.float32)
            found.append(unseen_share(counts))
            true.append(frequencies[counts == 0].sum())
        assert np.mean(found) == pytest.approx(np.mean(true), rel=0.35)


def test_probabilities_are_those_of_the_mixture() -> None:
    rng = np.random.default_rng(1)
    share, n = 0.2, 40_000
    unseen = rng.random(n) < share
    logs = np.where(unseen, -3.0, 0.0) + rng.standard_normal(n)
    without_own = np.exp(-3 + rng.standard_normal(20_000))
    found = of_unseen_class(np.exp(logs), without_own, share)
    likelihoods = share * norm.pdf(logs, -3), (1 - share) * norm.pdf(logs)
    error = np.abs(found - likelihoods[0] / sum(likelihoods))
    assert error.max() < 0.1 and error.mean() < 0.02
    assert found.mean() == pytest.approx(share, abs=0.01)


def test_nothing_is_said_where_labels_reach_unseen_classes_as_well() -> None:
    reach = np.random.default_rng(2).random(50).astype(np.float32) + 1
    assert_array_equal(of_unseen_class(reach, reach[:9] * 2, 0.3), 0)


def bank_of_clusters(n: int = 90, *, multilabel: bool = False, missing: bool = True) -> MemoryBank:
    """Five clusters, a class each, side by side on a circle; the last may have no label."""
    rng = np.random.default_rng(3)
    cluster = np.arange(n) % 5
    angle = cluster * 0.5 + 0.12 * rng.standard_normal((2, n))
    truth = np.eye(5, dtype=np.uint8)[cluster]
    known = np.flatnonzero((cluster < 4) | (not missing))[:16]
    labels = LabelState.empty(n, 5).with_answers(known, truth[known], 0)
    bank = MemoryBank(labels, 2, multilabel=multilabel)
    a, b = (np.stack([np.cos(x), np.sin(x)], axis=1).astype(np.float32) for x in angle)
    even = np.full((n, 5), 0.2, dtype=np.float32)
    bank.update(np.arange(n), (a, b), (even, even))
    return bank


def test_a_cluster_without_labels_is_believed_to_be_of_the_class_without_labels() -> None:
    bank = bank_of_clusters()
    new = np.arange(90) % 5 == 4
    plain, found = (Aggregation(unseen=u).beliefs(bank).probabilities for u in (False, True))
    assert_array_equal(plain[:, 4], 0)
    assert (found[new, 4] > 0.5).mean() > 0.8
    assert (found[~new, 4] < 0.2).mean() > 0.9
    known = bank.is_labeled(bank.rows())
    assert_array_equal(found[known], plain[known])
    rest = found[:, :4].sum(axis=1)
    assert_allclose(found[~known, :4], plain[~known, :4] * rest[~known, None], atol=1e-5)


@pytest.mark.parametrize("how", [{"multilabel": True}, {"missing": False}])
def test_else_beliefs_are_as_before(how: dict[str, bool]) -> None:
    bank = bank_of_clusters(**how)
    plain, found = (Aggregation(unseen=u).beliefs(bank).probabilities for u in (False, True))
    assert_array_equal(found, plain)


def test_what_no_label_reaches_is_told_of_where_classes_exclude_each_other_alone() -> None:
    """A multi-label pair that no label reaches is not therefore of no class."""
    single, multi = (Aggregation().beliefs(bank_of_clusters(multilabel=m)) for m in (False, True))
    unreached = multi.reach == 0
    assert unreached.sum() == 18 and multi.probabilities[unreached].any()  # alignment leaves crumbs
    assert_array_equal(multi.told, ~unreached)
    assert single.told.all()
