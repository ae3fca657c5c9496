"""What the memory makes of every pair, against dense matrices of all pairs with all."""

from __future__ import annotations

import numpy as np
import pytest
from acqkit_memory_bank import Aggregation, MemoryBank
from acqkit_memory_bank.neighbors import joint_points, nearest_pairs
from acqkit_memory_bank.propagate import SWEEPS, affinity, propagate
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from acqkit.labels import LabelState

N, DIM, CLASSES = 60, 5, 3
Matrix = NDArray[np.float64]
PLAIN = Aggregation(neighbors=6, alignment=0, sharpening=1)


def scene(
    multilabel: bool = False,
    absent: bool = False,
    seed: int = 0,
    n: int = N,
    noise: float = 0.5,
) -> tuple[MemoryBank, NDArray[np.bool_]]:
    """A full memory of clusters, one a class, and which modalities are present `[2, n]`."""
    rng = np.random.default_rng(seed)
    truth = np.eye(CLASSES, dtype=np.uint8)[rng.integers(CLASSES, size=n)]
    if multilabel:
        truth |= (rng.random((n, CLASSES)) < 0.3).astype(np.uint8)
    present = np.ones((2, n), dtype=bool)
    if absent:
        present[0, ::5] = False
        present[1, 2::7] = False
        present[1, ::5] = True
    known = np.sort(rng.permutation(n)[: n // 5])
    labels = LabelState.empty(n, CLASSES).with_answers(known, truth[known], 0)
    bank = MemoryBank(labels, DIM, multilabel=multilabel)
    features, probabilities = [], []
    for mask in present:
        x = truth @ rng.standard_normal((CLASSES, DIM)) + noise * rng.standard_normal((n, DIM))
        features.append((x * mask[:, None]).astype(np.float32))
        p = truth + rng.random((n, CLASSES)) + 0.1
        p /= 3 if multilabel else p.sum(axis=1, keepdims=True)
        probabilities.append(p.astype(np.float32))
    bank.update(np.arange(n), (features[0], features[1]), (probabilities[0], probabilities[1]))
    return bank, present


def dense_affinity(bank: MemoryBank, weights: tuple[float, float], how: Aggregation) -> Matrix:
    """S `[n, n]`, all pairs with all, in float64."""
    rows = bank.rows()
    a, b = bank.features[:, rows].astype(np.float64)
    lengths = weights[0] * (a * a).sum(axis=1) + weights[1] * (b * b).sum(axis=1)
    similarity = weights[0] * a @ a.T + weights[1] * b @ b.T
    similarity /= np.sqrt(lengths[:, None] * lengths)
    n = len(similarity)
    weight = np.zeros((n, n))
    for i in range(n):
        others = sorted((j for j in range(n) if j != i), key=lambda j: -similarity[i, j])
        for j in others[: how.neighbors]:
            gap = similarity[i, j] - similarity[i, others[0]]
            weight[i, j] = np.exp(gap / how.neighbor_temperature)
    weight = np.maximum(weight, weight.T)
    degree = weight.sum(axis=1)
    scaled: Matrix = weight / np.sqrt(degree[:, None] * degree)
    return scaled


def dense_beliefs(graph: Matrix, labels: LabelState, spread: float) -> Matrix:
    """What 20 steps of spreading along a dense graph make of the labels, not normalized."""
    known = (labels.round >= 0).astype(np.float64)
    seeds = np.column_stack([labels.matrix * known[:, None], known])
    state = sum(
        (1 - spread) * spread**step * np.linalg.matrix_power(graph, step) @ seeds
        for step in range(SWEEPS)
    )
    state = state + spread**SWEEPS * np.linalg.matrix_power(graph, SWEEPS) @ seeds
    believed: Matrix = state[:, :-1] / state[:, -1:]
    return believed


@pytest.mark.parametrize("absent", [False, True])
@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.3, 1.0)])
def test_beliefs_equal_those_of_dense_matrices(
    multilabel: bool, absent: bool, weights: tuple[float, float]
) -> None:
    bank, _ = scene(multilabel, absent)
    found = PLAIN.beliefs(bank, weights)
    wanted = dense_beliefs(dense_affinity(bank, weights, PLAIN), bank.labels, PLAIN.spread)
    known = bank.labels.labeled
    wanted[known] = bank.labels.matrix[known]
    assert_array_equal(found.positions, np.arange(N))
    assert (found.reach > 0).all()
    assert_allclose(found.probabilities, wanted, atol=1e-5)


def test_the_spreading_has_all_but_converged() -> None:
    bank, _ = scene()
    graph = dense_affinity(bank, (1, 1), PLAIN)
    known = (bank.labels.round >= 0).astype(np.float64)
    seeds = np.column_stack([bank.labels.matrix * known[:, None], known])
    limit = np.linalg.solve(np.eye(N) - PLAIN.spread * graph, (1 - PLAIN.spread) * seeds)
    open_ = bank.labels.unlabeled
    found = PLAIN.beliefs(bank).probabilities[open_]
    assert_allclose(found, limit[open_, :-1] / limit[open_, -1:], atol=0.01)


def test_without_spread_labels_stay_where_they_are() -> None:
    bank, _ = scene()
    found = PLAIN.model_copy(update={"spread": 0.0}).beliefs(bank)
    assert_array_equal(found.reach > 0, bank.labels.round >= 0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 0.95), st.booleans())
def test_beliefs_are_means_of_labels(seed: int, spread: float, multilabel: bool) -> None:
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((30, 4)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    labels = np.eye(CLASSES, dtype=np.float32)[rng.integers(CLASSES, size=30)]
    if multilabel:
        labels = np.maximum(labels, rng.random((30, CLASSES)) < 0.3).astype(np.float32)
    weight = (rng.random(30) < 0.2).astype(np.float32)
    graph = affinity(*nearest_pairs(points, 4), 0.1)
    found, reach = propagate(graph, labels, weight, spread)
    reached = reach > 1e-9
    assert (found >= 0).all() and (found <= 1).all()
    assert not found[~reached].any()
    assert reached[weight > 0].all()
    if not multilabel:
        assert_allclose(found[reached].sum(axis=1), 1, atol=1e-4)
    # A class that no label has is believed of no pair.
    unknown = ~(labels[weight > 0] > 0).any(axis=0)
    assert not found[:, unknown].any()


def test_no_label_reaches_a_component_without_labels() -> None:
    near = np.random.default_rng(0).random((20, 3), dtype=np.float32) * 0.05
    points = near + np.repeat(np.eye(3, dtype=np.float32)[:2], 10, axis=0)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    weight = np.zeros(20, dtype=np.float32)
    weight[3] = 1
    graph = affinity(*nearest_pairs(points, 3), 0.1)
    found, reach = propagate(graph, np.ones((20, 2), dtype=np.float32), weight, 0.7)
    assert (reach[:10] > 0).all() and not reach[10:].any() and not found[10:].any()


@pytest.mark.parametrize("k", [1, 7, 200])
def test_faiss_and_torch_find_the_same_neighbors(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acqkit.neighbors.tensors._QUERIES", 37)
    bank, _ = scene(absent=True, n=150)
    points = joint_points((bank.features[0], bank.features[1]), (0.4, 1.0))
    by_faiss, by_products = nearest_pairs(points, k), nearest_pairs(points, k, "cpu:0")
    assert by_faiss[0].shape == by_products[0].shape == (150, min(k, 149))
    assert_allclose(by_faiss[0], by_products[0], atol=1e-5)
    if k < 20:  # beyond, pairs with nothing in common are equally far
        assert_array_equal(by_faiss[1], by_products[1])
    first, second = (affinity(*found, 0.1).toarray() for found in (by_faiss, by_products))
    assert_allclose(first, second, atol=1e-4)


def test_products_of_joint_points_are_weighted_means_of_cosines() -> None:
    bank, present = scene(absent=True)
    a, b = bank.features[:, bank.rows()]
    points = joint_points((a, b), (0.5, 1.0))
    both = np.flatnonzero(present.all(axis=0))
    wanted = (0.5 * a[both] @ a[both].T + b[both] @ b[both].T) / 1.5
    assert_allclose(points[both] @ points[both].T, wanted, atol=1e-6)
    assert_allclose(np.linalg.norm(points, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("multilabel", [False, True])
def test_known_labels_are_believed_as_they_are(multilabel: bool) -> None:
    bank, _ = scene(multilabel)
    known = bank.labels.labeled
    found = Aggregation(own=0.5, alignment=1).beliefs(bank)
    assert_array_equal(found.probabilities[known], bank.labels.matrix[known])


@pytest.mark.parametrize("multilabel", [False, True])
def test_alignment_draws_frequencies_to_those_of_the_labels(multilabel: bool) -> None:
    distances = np.zeros(3)
    for seed in range(8):
        bank, _ = scene(multilabel, seed=seed, noise=1.5)
        wanted = bank.labels.matrix[bank.labels.labeled].mean(axis=0)
        for number, alignment in enumerate((0.0, 0.5, 1.0)):
            how = PLAIN.model_copy(update={"alignment": alignment})
            found = how.beliefs(bank).probabilities[bank.labels.unlabeled]
            distances[number] += np.abs(found.mean(axis=0) - wanted).sum()
    assert distances[0] > distances[1] > distances[2]
    assert distances[2] < 0.8 * distances[0]


def test_sharpening_makes_single_labels_surer_and_changes_none() -> None:
    bank, _ = scene()
    plain, sharp = (
        PLAIN.model_copy(update={"sharpening": s}).beliefs(bank).probabilities for s in (1.0, 3.0)
    )
    assert_array_equal(sharp.argmax(axis=1), plain.argmax(axis=1))
    assert_allclose(sharp, plain**3 / (plain**3).sum(axis=1, keepdims=True), atol=1e-5)
    multi, _ = scene(multilabel=True)
    plain, sharp = (
        PLAIN.model_copy(update={"sharpening": s}).beliefs(multi).probabilities for s in (1.0, 3.0)
    )
    assert_array_equal(sharp, plain)


def test_the_modality_whose_classes_fit_its_neighbors_counts_more() -> None:
    bank, _ = scene()
    noise = np.random.default_rng(1).dirichlet(np.ones(CLASSES) * 0.2, N).astype(np.float32)
    bank.probabilities[1, ~bank.is_labeled(np.arange(N))] = noise[bank.labels.unlabeled]
    strict, mild, never = (
        PLAIN.model_copy(update={"reliability": r}).beliefs(bank).weights for r in (3.0, 1.0, 0.0)
    )
    assert strict[0] == mild[0] == 1 and strict[1] < mild[1] < 1
    assert never == (1, 1)
    assert strict[1] == pytest.approx(mild[1] ** 3)


@pytest.mark.parametrize("absent", [False, True])
def test_modalities_may_be_swapped(absent: bool) -> None:
    bank, _ = scene(absent=absent)
    swapped, _ = scene(absent=absent)
    for name in ("features", "probabilities", "seen"):
        setattr(swapped, name, getattr(bank, name)[::-1].copy())
    first = Aggregation().beliefs(bank, (0.4, 1.0))
    second = Aggregation().beliefs(swapped, (1.0, 0.4))
    assert_allclose(first.probabilities, second.probabilities, atol=1e-5)
    assert first.weights == pytest.approx(second.weights[::-1])
    assert_allclose(first.agreement, second.agreement, atol=1e-6)


def test_agreement_is_the_cosine_of_both_classifications_where_there_are_two() -> None:
    bank, present = scene(absent=True)
    found = PLAIN.beliefs(bank).agreement
    both = present.all(axis=0)
    a, b = bank.probabilities[:, bank.rows()[both]]
    cosine = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert_allclose(found[both], cosine, atol=1e-6)
    assert_array_equal(found[~both], 1)


def test_a_share_of_the_classifier_may_be_mixed_in() -> None:
    bank, _ = scene()
    open_ = bank.labels.unlabeled
    rows = bank.rows()
    own = bank.probabilities[:, rows].mean(axis=0)[open_]
    alone, mixed = (
        PLAIN.model_copy(update={"own": share}).beliefs(bank).probabilities[open_]
        for share in (0.0, 0.4)
    )
    assert_allclose(mixed, 0.6 * alone + 0.4 * own, atol=1e-5)
