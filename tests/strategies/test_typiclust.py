"""TypiClust against a plain reading of the paper."""

from __future__ import annotations

import numpy as np
import pytest
from scenarios import blobs, context_of
from scipy.spatial.distance import cdist

from acqkit.embeddings import FloatArray
from acqkit.interfaces import RoundContext
from acqkit.neighbors import kmeans, knn, unit
from acqkit.selection import select
from acqkit.strategies import TypiClust
from acqkit.strategies.typiclust import by_mean_distance


def _oracle(x: FloatArray, context: RoundContext, n: int, strategy: TypiClust) -> list[int]:
    """Everything but the clustering itself, by brute force in double precision."""
    order = context.canonical(np.arange(len(x)))
    covered = set(range(len(x))) - set(context.candidates.tolist())
    z = unit(x[order])
    count = min(len(covered) + n, strategy.max_clusters)
    _, assigned = kmeans(z, count, context.derive("typiclust"))
    cluster = np.empty(len(x), dtype=int)
    cluster[order] = assigned
    z = z[np.argsort(order)].astype(np.float64)
    members = [np.flatnonzero(cluster == c) for c in range(count)]
    members = [m for m in members if len(m)]
    members.sort(key=lambda m: (len(m) < strategy.min_size, len(covered & set(m)), -len(m)))
    ranked = []
    for rows in members:
        distances = np.sort(cdist(z[rows], z[rows]), axis=1)[:, 1 : strategy.neighbors + 1]
        mean = distances.mean(axis=1) if distances.size else np.zeros(len(rows))
        ranked.append([int(r) for r in rows[np.argsort(mean)] if r not in covered])
    picks: list[int] = []
    for small in (False, True):
        turns = [
            r for r, m in zip(ranked, members, strict=True) if (len(m) < strategy.min_size) == small
        ]
        for turn in range(len(x)):
            picks += [r[turn] for r in turns if turn < len(r)]
    return picks[:n]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("labeled", "n", "max_clusters"), [(0, 8, 500), (12, 8, 500), (30, 25, 10), (5, 290, 6)]
)
def test_equals_brute_force(seed: int, labeled: int, n: int, max_clusters: int) -> None:
    x = blobs(300, 9, seed=seed)
    x += np.float32(0.001) * np.random.default_rng(seed).standard_normal(x.shape).astype("f")
    context = context_of(x, labeled=range(labeled), seed=seed)
    strategy = TypiClust(max_clusters=max_clusters, neighbors=7)
    picks = select(strategy, context, n).positions.tolist()
    wanted = _oracle(x, context, n, strategy)
    # Clusters of one size come in an arbitrary order, so the last turn may be cut elsewhere.
    assert len(set(picks) & set(wanted)) >= n - 2
    assert picks[:3] == wanted[:3]


def test_clusters_without_labels_come_first() -> None:
    centers = 10 * np.eye(5, dtype=np.float32)
    rng = np.random.default_rng(0)
    which = np.repeat(np.arange(5), 40)
    x = centers[which] + 0.1 * rng.standard_normal((200, 5)).astype(np.float32)
    context = context_of(x, labeled=range(80))  # all of the first two blobs
    picks = select(TypiClust(max_clusters=40), context, 6).positions
    assert set(which[picks]) == {2, 3, 4}


def test_typicality_is_the_score() -> None:
    x = blobs(150, 3)
    selection = select(TypiClust(), context_of(x), 3)
    assert selection.scores is not None and (selection.scores > 0).all()


def test_outliers_come_last() -> None:
    x = blobs(200, 2)
    far = -100 * np.eye(6, dtype=np.float32)[:3]
    context = context_of(np.concatenate([x, far]))
    picks = select(TypiClust(), context, 8).positions
    assert not np.isin(picks, [200, 201, 202]).any()


def test_of_a_large_cluster_the_most_typical_come_first_then_all_others() -> None:
    x = unit(blobs(1_200, 4))
    free = np.flatnonzero(np.random.default_rng(0).random(len(x)) < 0.7)
    mean = np.sqrt(knn(x, 9)[0]).mean(axis=1)[free]
    found = list(by_mean_distance(x, free, 9))
    rows, distances = np.array([row for row, _ in found]), [each for _, each in found]
    assert sorted(rows.tolist()) == free.tolist()
    np.testing.assert_allclose(distances, mean[np.searchsorted(free, rows)], rtol=1e-4)
    np.testing.assert_allclose(distances[:20], np.sort(mean)[:20], rtol=1e-4)
