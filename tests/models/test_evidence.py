"""What labels tell of each other, and how far a network trusts them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax
from scipy.stats import t as student_t
from sklearn.linear_model import Ridge
from toy import SMALL, difference, embedded, hidden_truth, lacking, own_model, trained

from acqkit.embeddings import BoolArray, FloatArray
from acqkit.labels import LabelState
from acqkit.models import label_evidence
from acqkit.models.evidence import FOLDS
from acqkit.pool import PairPool
from acqkit.testing import make_pool

Scene = tuple[list[FloatArray], FloatArray]


def scene(rows: int, noise: float, seed: int = 0, classes: int = 3) -> Scene:
    """Features of two modalities around their class, and the classes."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(classes, size=rows)
    sides = [rng.standard_normal((classes, 5))[kinds] for _ in range(2)]
    noisy = [side + noise * rng.standard_normal(side.shape) for side in sides]
    return [side.astype(np.float32) for side in noisy], np.eye(classes, dtype=np.float32)[kinds]


def by_hand(features: list[FloatArray], labels: FloatArray, masks: list[BoolArray]) -> float:
    """What the slope exceeds with 95% confidence, each fold predicted by scikit-learn."""
    products, squares = np.zeros(len(labels)), np.zeros(len(labels))
    for side, mask in zip(features, masks, strict=True):
        seen = np.flatnonzero(mask)
        parts = min(FOLDS, len(seen))
        for part in range(parts):
            out, others = seen[part::parts], np.setdiff1d(seen, seen[part::parts])
            x, y = side[others].astype(float), labels[others].astype(float)
            penalty = np.square(x - x.mean(axis=0)).sum() / x.shape[1]
            change = Ridge(penalty).fit(x, y).predict(side[out].astype(float)) - y.mean(axis=0)
            products[out] += (change * (labels[out] - y.mean(axis=0))).sum(axis=1)
            squares[out] += np.square(change).sum(axis=1)
    slope = products.sum() / squares.sum()
    spread = np.std(products - slope * squares, ddof=1)
    error = np.sqrt(len(labels)) * spread / squares.sum()
    return float(np.sqrt(np.clip(student_t.ppf(0.05, len(labels) - 1, slope, error), 0, 1)))


@settings(max_examples=25, deadline=None)
@given(st.integers(8, 40), st.floats(0.3, 3), st.integers(0, 99), st.booleans())
def test_it_is_the_slope_of_held_out_labels(rows: int, noise: float, seed: int, gap: bool) -> None:
    features, labels = scene(rows, noise, seed)
    masks = [np.arange(rows) % 4 != side if gap else np.ones(rows, bool) for side in (0, 1)]
    found = label_evidence(features, labels, multilabel=True, present=masks)
    assert found == pytest.approx(by_hand(features, labels, masks), abs=1e-4)
    swapped = label_evidence(features[::-1], labels, multilabel=True, present=masks[::-1])
    assert swapped == pytest.approx(found, abs=1e-9)
    renamed = label_evidence(features, labels[:, ::-1], multilabel=True, present=masks)
    assert renamed == pytest.approx(found, abs=1e-9)


def test_it_rises_with_labels_and_is_nothing_for_noise() -> None:
    def mean_of(rows: int, noise: float, shuffled: bool = False) -> float:
        found = []
        for seed in range(20):
            features, labels = scene(rows, noise, seed, classes=6)
            if shuffled:
                labels = np.random.default_rng(seed).permutation(labels)
            found.append(label_evidence(features, labels, multilabel=False))
        return float(np.mean(found))

    clear = [mean_of(rows, 2.0) for rows in (6, 12, 60, 400)]
    assert clear == sorted(clear) and clear[0] < 0.5 and clear[-1] > 0.95
    assert max(mean_of(rows, 1.0, shuffled=True) for rows in (6, 12, 60)) < 0.2


@pytest.mark.parametrize("labels", [np.eye(3)[[0]], np.eye(3)[[1, 1, 1, 1]], np.zeros((0, 3))])
def test_without_two_kinds_of_labels_there_is_none(labels: FloatArray) -> None:
    features = [np.random.default_rng(0).standard_normal((len(labels), 4), dtype=np.float32)] * 2
    for multilabel in (True, False):
        assert label_evidence(features, labels, multilabel=multilabel) == 0


def test_classes_without_a_label_count_where_classes_exclude_each_other() -> None:
    features, labels = scene(40, 4.0, seed=1)
    wider = np.concatenate([labels, np.zeros((40, 7), np.float32)], axis=1)
    alone = label_evidence(features, labels, multilabel=False)
    assert label_evidence(features, wider, multilabel=True) == pytest.approx(alone)
    # Jeffreys: 7 of 10 classes are unseen, each with half a pair beside 40 + 10 / 2.
    assert 0 < alone < 1
    unseen = label_evidence(features, wider, multilabel=False) ** 2 / alone**2
    assert unseen == pytest.approx(1 - 3.5 / 45, abs=1e-6)


@pytest.mark.parametrize("multilabel", [False, True])
def test_an_untrained_classifier_predicts_the_frequencies(multilabel: bool) -> None:
    pool = make_pool(30, 3, multilabel=multilabel, labeled=10)
    model = own_model(pool)
    frequencies = np.array([0.2, 0.5, 0.3], np.float32)
    model.expect_classes(frequencies, trust=0.4)
    for side in embedded(model, pool).sides:
        assert side.probabilities is not None
        np.testing.assert_allclose(side.probabilities, np.tile(frequencies, (30, 1)), atol=1e-6)


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("trust", [0.0, 0.3])
def test_trust_scales_the_class_part_and_logits_stay_linear(trust: float, multilabel: bool) -> None:
    pool = make_pool(60, 4, multilabel=multilabel, labeled=30)
    model = trained(pool)
    model.trust = trust
    embeddings = embedded(model, pool)
    assert embeddings.classifier is not None
    for side in embeddings.sides:
        assert side.probabilities is not None
        np.testing.assert_allclose(np.linalg.norm(side.mean, axis=1), 1, atol=1e-5)
        lengths = np.linalg.norm(side.mean[:, model.dim :], axis=1)
        np.testing.assert_allclose(lengths, 2 * trust / np.hypot(1, 2 * trust), atol=1e-5)
        logits = side.mean @ embeddings.classifier.weight.T + embeddings.classifier.bias
        expected = expit(logits) if multilabel else softmax(logits, axis=1)
        np.testing.assert_allclose(side.probabilities, expected, atol=1e-5)


def shuffled(pool: PairPool) -> PairPool:
    """The pool with the same labels at the wrong pairs."""
    known = pool.labels.labeled
    rows = np.random.default_rng(1).permutation(pool.labels.matrix[known])
    state = LabelState.empty(len(pool), len(pool.class_names)).with_answers(known, rows, 0)
    return pool.with_labels(state)


def test_training_trusts_labels_that_tell_of_each_other() -> None:
    pool = hidden_truth(make_pool(200, 4, labeled=60))
    assert trained(pool).trust > 0.7
    assert trained(shuffled(pool)).trust < 0.3
    assert trained(hidden_truth(make_pool(60, 3, labeled=1))).trust == 0


def test_labels_without_evidence_change_neither_embedding_nor_prior() -> None:
    pool = hidden_truth(make_pool(60, 3, labeled=1))
    side = embedded(trained(pool), pool).a
    assert side.probabilities is not None
    assert not side.mean[:, SMALL.dim :].any()
    np.testing.assert_allclose(side.probabilities, np.tile(side.probabilities[:1], (60, 1)))


def test_absent_modalities_are_no_evidence() -> None:
    pool = lacking(make_pool(60, 3, labeled=30))
    batch = pool.batch(np.arange(60))
    assert batch.present_a is not None
    other = np.where(batch.present_a[:, None], batch.a, np.float32(7))
    poisoned = PairPool.from_arrays(
        other,
        batch.b,
        labels=pool.truth,
        class_names=pool.class_names,
        multilabel=pool.multilabel,
        present=(batch.present_a, batch.present_b),
    ).with_labels(pool.labels)
    assert trained(poisoned).trust == pytest.approx(trained(pool).trust, abs=1e-6)


def test_trust_is_kept_and_states_from_before_have_all_of_it() -> None:
    pool = hidden_truth(make_pool(80, 3, labeled=8))
    model = trained(pool)
    model.trust = 0.4
    state = model.state()
    assert state is not None
    other = SMALL.build(pool, "cpu")
    other.load_state(state)
    assert difference(embedded(other, pool), embedded(model, pool)) == 0
    data = {key: value for key, value in state.data.items() if key != "trust"}
    other.load_state(replace(state, data=data))
    assert other.trust == 1
