"""LCMD against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from scenarios import blobs, context_of
from scipy.spatial.distance import cdist

from acqkit.selection import select
from acqkit.strategies import CoreSet, Lcmd


@pytest.mark.parametrize("seed", range(8))
def test_every_pick_is_the_farthest_of_the_largest_cluster(seed: int) -> None:
    x = blobs(250, 6, d=4, seed=seed) + np.float32(30)
    exact = x.astype(np.float64)
    context = context_of(x, labeled=[3, 40, 41], waiting=[7])
    selection = select(Lcmd(), context, 30)
    centers = [3, 40, 41, 7]
    free = np.isin(np.arange(250), context.candidates)
    assert selection.scores is not None
    for pick, score in zip(selection.positions, selection.scores, strict=True):
        squared = cdist(exact, exact[centers], "sqeuclidean")
        nearest, cluster = squared.min(axis=1), squared.argmin(axis=1)
        sums = np.bincount(cluster[free], nearest[free], minlength=len(centers))
        largest = free & (cluster == sums.argmax())
        assert pick == np.where(largest, nearest, -1).argmax()
        assert score == pytest.approx(np.sqrt(nearest[pick]), rel=1e-4)
        centers.append(int(pick))
        free[pick] = False


def test_without_labels_it_starts_in_the_middle() -> None:
    x = blobs(200, 3)
    picks = select(Lcmd(), context_of(x), 6).positions.tolist()
    assert picks[0] == np.linalg.norm(x - x.mean(axis=0), axis=1).argmin()
    assert picks[1:] == select(Lcmd(), context_of(x, labeled=picks[:1]), 5).positions.tolist()


def test_many_near_pairs_outweigh_a_few_far_ones() -> None:
    rng = np.random.default_rng(0)
    dense = rng.standard_normal((300, 2)).clip(-2, 2)
    sparse = [50, 0] + 4 * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    x = np.concatenate([[[0, 0], [50, 0]], dense, sparse]).astype(np.float32)
    picks = select(Lcmd(), context_of(x, labeled=[0, 1]), 4).positions
    farthest = select(CoreSet(), context_of(x, labeled=[0, 1]), 4).positions
    assert (picks < 302).all() and (farthest >= 302).all()


def test_copies_of_what_is_labeled_come_last() -> None:
    x = np.concatenate([np.repeat(blobs(1, 1), 50, axis=0), blobs(10, 10, seed=1)])
    picks = select(Lcmd(), context_of(x, labeled=[0]), 12).positions.tolist()
    assert set(picks[:10]) == set(range(50, 60))
