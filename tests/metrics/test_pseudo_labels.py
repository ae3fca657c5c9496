from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from acqkit.errors import ConfigError
from acqkit.labels import LabelState
from acqkit.metrics import class_prior, decide, least_sure, precision_coverage


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40), st.sampled_from([0.0, 0.5, 0.9]))
def test_classes_keep_to_their_shares(seed: int, n: int, floor: float) -> None:
    rng = np.random.default_rng(seed)
    p = rng.permutation(np.linspace(0.01, 0.99, n * 5)).reshape(n, 5).astype(np.float32)
    prior = rng.random(5).astype(np.float32)
    labels = decide(p, prior, multilabel=True, floor=floor)
    best = np.eye(5, dtype=np.uint8)[p.argmax(axis=1)]
    assert (labels >= best).all()
    for column in range(5):
        share = max(round(float(prior[column]) * n), int(best[:, column].sum()))
        given_to, value = labels[:, column] == 1, p[:, column]
        assert given_to.sum() <= share
        if floor == 0:
            assert given_to.sum() == share
        added = given_to & (best[:, column] == 0)
        left = ~given_to
        if added.any():
            assert value[added].min() >= max(floor, value[left].max(initial=0))


def test_one_label_a_pair_is_the_most_probable() -> None:
    p = np.random.default_rng(0).dirichlet(np.ones(4), 20).astype(np.float32)
    prior = np.full(4, 0.25, dtype=np.float32)
    labels = decide(p, prior, multilabel=False)
    assert_array_equal(labels, np.eye(4, dtype=np.uint8)[p.argmax(axis=1)])
    assert_allclose(least_sure(p, labels), p.max(axis=1))


def test_equal_probabilities_are_decided_alike() -> None:
    p = np.array([[0.9, 0.6], [0.9, 0.6], [0.9, 0.6], [0.9, 0.1]], dtype=np.float32)
    labels = decide(p, np.array([1, 0.5], dtype=np.float32), multilabel=True)
    assert_array_equal(labels[:, 1], [1, 1, 1, 0])


def test_the_prior_of_a_class_without_labels_is_small_and_not_zero() -> None:
    matrix = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0]], dtype=np.uint8)
    labels = LabelState.empty(4, 3).with_answers(np.arange(3), matrix[:3], 0)
    assert_allclose(class_prior(labels, multilabel=True), [3.5 / 4, 1.5 / 4, 0.5 / 4])
    assert_allclose(class_prior(labels, multilabel=False), np.array([3.5, 1.5, 0.5]) / 4.5)


def test_precision_counts_the_labels_of_the_pairs_looked_at() -> None:
    labels = np.array([[1, 1], [1, 0], [0, 1], [1, 0]], dtype=np.uint8)
    truth = np.array([[1, 0], [1, 1], [0, 1], [0, 1]], dtype=np.uint8)
    confidence = np.array([0.1, 0.9, 0.8, 0.7], dtype=np.float32)
    found = precision_coverage(labels, confidence, truth, [0.25, 0.5, 0.75, 1])
    assert_allclose(found, [1, 1, 2 / 3, 3 / 5])
    assert precision_coverage(labels, confidence, truth, 0.01) == [1]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_precision_does_not_depend_on_the_order_of_equally_sure_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, truth = (rng.random((2, 30, 3)) < 0.4).astype(np.uint8)
    labels[:, 0] = 1
    confidence = rng.integers(5, size=30).astype(np.float32)
    found = precision_coverage(labels, confidence, truth)
    order = rng.permutation(30)
    assert_allclose(precision_coverage(labels[order], confidence[order], truth[order]), found)
    assert found[-1] == pytest.approx((labels * truth).sum() / labels.sum())


@pytest.mark.parametrize("coverages", [[0.0], [0.5, 1.1]])
def test_a_coverage_of_nothing_or_more_than_all_is_refused(coverages: list[float]) -> None:
    one = np.ones((2, 1), dtype=np.uint8)
    with pytest.raises(ConfigError, match="above 0 and at most 1"):
        precision_coverage(one, np.ones(2, dtype=np.float32), one, coverages)
    with pytest.raises(ConfigError, match="at least one pair"):
        precision_coverage(one[:0], np.ones(0, dtype=np.float32), one[:0])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40), st.booleans())
def test_precision_is_that_of_the_mean_over_all_orders_of_ties(
    seed: int, n: int, ties: bool
) -> None:
    """The oracle walks from pair to pair; a pair among equals counts as their mean."""
    rng = np.random.default_rng(seed)
    labels, truth = (rng.random((2, n, 4)) < 0.5).astype(np.uint8)
    labels[:, 0] = 1
    confidence = (rng.integers(3, size=n) if ties else rng.permutation(n)).astype(np.float32)
    wanted = []
    for coverage in (0.1, 0.25, 0.5, 1.0):
        hits = total = 0.0
        for pair in sorted(range(n), key=lambda i: -confidence[i])[: max(1, round(coverage * n))]:
            equals = [i for i in range(n) if confidence[i] == confidence[pair]]
            total += sum(int(labels[i].sum()) for i in equals) / len(equals)
            hits += sum(int((labels[i] * truth[i]).sum()) for i in equals) / len(equals)
        wanted.append(hits / total)
    assert_allclose(precision_coverage(labels, confidence, truth, [0.1, 0.25, 0.5, 1.0]), wanted)


def test_the_precision_of_no_label_at_all_is_no_number() -> None:
    labels = np.array([[0, 0], [1, 0]], dtype=np.uint8)
    confidence = np.array([1, 0.5], dtype=np.float32)
    assert_allclose(precision_coverage(labels, confidence, labels, [0.5, 1]), [np.nan, 1])


def test_no_pair_has_no_labels() -> None:
    nothing = np.empty((0, 3), dtype=np.float32)
    assert decide(nothing, np.full(3, 0.3, dtype=np.float32), multilabel=True).shape == (0, 3)
