"""k-center greedy against scikit-activeml and the definition."""

from __future__ import annotations

import numpy as np
import pytest
from scenarios import blobs, context_of
from scipy.spatial.distance import cdist

from acqkit.interfaces import Selection
from acqkit.selection import select
from acqkit.strategies import CoreSet


def _picks(selection: Selection) -> list[int]:
    picks: list[int] = selection.positions.tolist()
    return picks


@pytest.mark.parametrize("seed", range(20))
def test_equals_scikit_activeml(seed: int) -> None:
    peer = pytest.importorskip(
        "skactiveml.pool", reason="the peer is in the optional extra acqkit[peers]"
    )
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(60, 1500)), int(rng.integers(2, 130))
    x = (rng.standard_normal((n, d)) * rng.uniform(0.1, 10) + rng.uniform(-5, 5)).astype("f")
    labeled = np.sort(rng.permutation(n)[: int(rng.integers(1, 40))])
    y = np.full(n, np.nan)
    y[labeled] = rng.integers(3, size=len(labeled))
    theirs = peer.CoreSet(random_state=0).query(x.astype(np.float64), y, batch_size=20)
    context = context_of(x, labeled=labeled.tolist())
    assert _picks(select(CoreSet(), context, 20)) == theirs.tolist()


def test_equals_the_definition_far_from_the_origin() -> None:
    x = blobs(300, 5, d=3) + np.float32(5000)
    selection = select(CoreSet(), context_of(x, labeled=[4, 9]), 15)
    centers = [4, 9]
    assert selection.scores is not None
    for pick, score in zip(_picks(selection), selection.scores, strict=True):
        reach = cdist(x.astype(np.float64), x[centers].astype(np.float64)).min(axis=1)
        assert pick == reach.argmax()
        np.testing.assert_allclose(score, reach.max(), rtol=1e-4)
        centers.append(pick)


def test_without_labels_it_starts_in_the_middle() -> None:
    x = blobs(200, 3)
    selection = select(CoreSet(), context_of(x), 3)
    to_mean = np.linalg.norm(x - x.mean(axis=0), axis=1)
    assert _picks(selection)[0] == to_mean.argmin()
    rest = select(CoreSet(), context_of(x, labeled=_picks(selection)[:1]), 2)
    assert _picks(selection)[1:] == _picks(rest)


def test_pairs_waiting_for_an_answer_count_as_centers() -> None:
    x = blobs(200, 4)
    at_once = _picks(select(CoreSet(), context_of(x, labeled=[0, 1]), 10))
    first = _picks(select(CoreSet(), context_of(x, labeled=[0, 1]), 5))
    then = _picks(select(CoreSet(), context_of(x, labeled=[0, 1], waiting=first), 5))
    assert first + then == at_once


def test_copies_of_what_is_labeled_come_last() -> None:
    x = np.concatenate([np.repeat(blobs(1, 1), 50, axis=0), blobs(10, 10, seed=1)])
    picks = _picks(select(CoreSet(), context_of(x, labeled=[0]), 12))
    assert set(picks[:10]) == set(range(50, 60))


def test_near_equals_are_told_apart_as_in_double_precision() -> None:
    rng = np.random.default_rng(0)
    angles = rng.uniform(0, 2 * np.pi, 40)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    x = np.concatenate([np.zeros((1, 2), np.float32), ring])
    reach = np.linalg.norm(x.astype(np.float64), axis=1)
    for seed in range(5):
        picks = _picks(select(CoreSet(), context_of(x, labeled=[0], seed=seed), 1))
        assert reach[picks[0]] == reach.max()
