"""How much two pairs belong together."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from acqkit_embedding_transfer import jaccard, relaxed_labels
from acqkit_embedding_transfer.relations import source_similarity
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

CLASSES = 6
CLASS_SETS = st.lists(st.sets(st.integers(0, CLASSES - 1)), min_size=1, max_size=8)


@given(CLASS_SETS)
def test_jaccard_is_that_of_sets(sets: list[set[int]]) -> None:
    labels = torch.zeros(len(sets), CLASSES)
    for row, classes in zip(labels, sets, strict=True):
        row[list(classes)] = 1
    found = jaccard(labels)
    for i, one in enumerate(sets):
        for j, other in enumerate(sets):
            expected = len(one & other) / len(one | other) if one | other else 0
            assert found[i, j].item() == pytest.approx(expected)


def scene(seed: int, k: int = 9) -> tuple[Tensor, Tensor, Tensor]:
    """Symmetric similarity and agreement, and which of `k` pairs are known."""
    rng = np.random.default_rng(seed)
    similarity, agreement = (torch.from_numpy(rng.random((k, k))) for _ in range(2))
    similarity, agreement = ((each + each.T) / 2 for each in (similarity, agreement))
    return similarity.fill_diagonal_(1), agreement, torch.from_numpy(rng.random(k) < 0.6)


@given(st.integers(0, 1000), st.floats(0, 1))
def test_relaxed_labels_lie_between_agreement_and_similarity(seed: int, share: float) -> None:
    similarity, agreement, known = scene(seed)
    found = relaxed_labels(similarity, agreement, known, share)
    assert torch.equal(found, found.T) and torch.equal(found.diagonal(), torch.ones(9).double())
    for i in range(9):
        for j in range(i):
            if not (known[i] and known[j]):
                assert found[i, j] == similarity[i, j]
            else:
                expected = share * agreement[i, j] + (1 - share) * similarity[i, j]
                assert found[i, j].item() == pytest.approx(expected.item())


def test_a_full_share_gives_hard_labels_among_known_pairs() -> None:
    similarity, _, known = scene(0)
    hard = torch.tensor([[float(i % 3 == j % 3) for i in range(9)] for j in range(9)]).double()
    found = relaxed_labels(similarity, hard, known, 1.0)
    both = known[:, None] & known[None, :]
    assert 0 < both.sum() < 81
    assert torch.equal(found[both], hard[both]) and torch.equal(found[~both], similarity[~both])


def test_no_share_leaves_the_source_alone_and_everybody_known_leaves_the_labels_alone() -> None:
    similarity, agreement, known = scene(1)
    assert torch.equal(relaxed_labels(similarity, agreement, known, 0.0), similarity)
    found = relaxed_labels(similarity, agreement, known | True, 1.0)
    assert torch.equal(found, agreement.clone().fill_diagonal_(1))


def test_nothing_given_is_changed() -> None:
    given_ = scene(2)
    before = [values.clone() for values in given_]
    relaxed_labels(*given_, 0.5).zero_()
    assert all(torch.equal(*both) for both in zip(given_, before, strict=True))


def points(k: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((k, 4)))


@pytest.mark.parametrize("k", [6, 40])
def test_source_similarity_is_its_formula(k: int) -> None:
    features = points(k)
    found = source_similarity(features, 0.3)
    rows = features.numpy()
    squared = np.array([[((x - y) ** 2).sum() for x in rows] for y in rows])
    mean = squared.sum() / (k * (k - 1))
    np.testing.assert_allclose(found.numpy(), np.exp(-squared / (0.3 * mean)), atol=1e-9)


@given(st.floats(1e-3, 1e3), st.floats(0.05, 2))
def test_source_similarity_is_free_of_scale_and_falls_with_distance(
    scale: float, bandwidth: float
) -> None:
    features = points(8)
    found = source_similarity(features, bandwidth)
    torch.testing.assert_close(source_similarity(scale * features, bandwidth), found)
    assert ((found >= 0) & (found <= 1)).all() and torch.equal(found, found.T)
    wider = source_similarity(features, 2 * bandwidth)
    assert (wider >= found).all()
    distances = torch.cdist(features, features)[0]
    assert (found[0, distances.argsort()].diff() <= 0).all()


def test_a_narrow_bandwidth_relates_a_pair_to_itself_alone() -> None:
    identity = torch.eye(8, dtype=torch.float64)
    assert torch.equal(source_similarity(points(8), 1e-6), identity)
    known = torch.zeros(8).bool()
    found = relaxed_labels(source_similarity(points(8), 1e-6), 1 - identity, known, 0.5)
    assert torch.equal(found, identity)


@pytest.mark.parametrize("k", [0, 1, 3])
def test_equal_features_are_wholly_similar(k: int) -> None:
    assert torch.equal(source_similarity(torch.ones(k, 2), 0.1), torch.ones(k, k))
