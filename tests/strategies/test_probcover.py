"""ProbCover against dense greedy coverage, the optimum, and the definition of purity."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scenarios import blobs, context_of
from scipy.spatial.distance import cdist

from acqkit.embeddings import BoolArray, FloatArray
from acqkit.neighbors import kmeans, unit
from acqkit.pool import PairPool
from acqkit.selection import select
from acqkit.strategies import ProbCover
from acqkit.strategies.probcover import pure_radius


def _balls(x: FloatArray, delta: float) -> BoolArray:
    z = unit(x).astype(np.float64)
    return np.asarray(cdist(z, z) <= delta)


@pytest.mark.parametrize("labeled", [0, 25])
@pytest.mark.parametrize("delta", [0.1, 0.3, 0.7])
@pytest.mark.parametrize("seed", range(3))
def test_every_pick_is_a_greedy_one(seed: int, delta: float, labeled: int) -> None:
    x = blobs(250, 8, seed=seed)
    context = context_of(x, labeled=range(labeled), waiting=[60, 61], seed=seed)
    selection = select(ProbCover(delta=delta), context, 30)
    balls = _balls(x, delta)
    uncovered = ~balls[[*range(labeled), 60, 61]].any(axis=0)
    free = np.isin(np.arange(250), context.candidates)
    assert selection.scores is not None
    for pick, gain in zip(selection.positions, selection.scores, strict=True):
        gains = (balls & uncovered).sum(axis=1)
        assert gain == gains[pick] == gains[free].max()
        uncovered &= ~balls[pick]
        free[pick] = False
    assert selection.record["covered"] == pytest.approx(1 - uncovered.mean())


@pytest.mark.parametrize("seed", range(5))
def test_coverage_is_within_the_guarantee_of_the_optimum(seed: int) -> None:
    x = blobs(16, 5, d=3, seed=seed)
    balls = _balls(x, 0.5)
    best = max(balls[list(picks)].any(axis=0).sum() for picks in combinations(range(16), 3))
    picks = select(ProbCover(delta=0.5), context_of(x), 3).positions
    assert balls[picks].any(axis=0).sum() >= (1 - 1 / np.e) * best


def test_asking_twice_is_asking_once() -> None:
    x = blobs(200, 6)
    strategy = ProbCover(delta=0.3)
    at_once = select(strategy, context_of(x), 10).positions.tolist()
    first = select(strategy, context_of(x), 4).positions.tolist()
    then = select(strategy, context_of(x, waiting=first), 6).positions.tolist()
    assert first + then == at_once


def test_a_sample_of_witnesses_covers_nearly_as_much() -> None:
    x = blobs(3000, 12)
    balls = _balls(x, 0.4)
    covered = [
        balls[select(ProbCover(delta=0.4, witnesses=w), context_of(x), 8).positions].any(0).mean()
        for w in (3000, 600)
    ]
    assert covered[1] >= 0.95 * covered[0]


def test_a_sample_of_pairs_to_pick_covers_nearly_as_much() -> None:
    x = blobs(3000, 12)
    balls = _balls(x, 0.4)
    strategies = (ProbCover(delta=0.4), ProbCover(delta=0.4, considered=500, witnesses=400))
    covered = [
        balls[select(strategy, context_of(x), 8).positions].any(0).mean() for strategy in strategies
    ]
    assert covered[1] >= 0.9 * covered[0]


def test_what_is_labeled_beyond_the_sample_covers() -> None:
    x = np.repeat(np.eye(4, dtype=np.float32), 50, axis=0)
    context = context_of(x, labeled=range(50, 200))
    picks = select(ProbCover(delta=0.5, considered=20), context, 1)
    assert picks.positions[0] < 50
    assert picks.record["covered"] == 1


def test_the_sample_grows_until_there_are_enough_candidates() -> None:
    context = context_of(blobs(300, 5), labeled=range(280))
    picks = select(ProbCover(delta=0.5, considered=1), context, 20).positions
    assert sorted(picks) == list(range(280, 300))


def test_a_sample_follows_the_pairs_when_the_pool_is_permuted() -> None:
    x, order = blobs(300, 5), np.random.default_rng(0).permutation(300)
    context = context_of(x)
    assert isinstance(context.pool, PairPool)
    permuted = replace(
        context, pool=context.pool.take(order), embeddings=context.embeddings.take(order)
    )
    strategy = ProbCover(delta=0.5, considered=60)
    picks = select(strategy, context, 5).positions
    assert (order[select(strategy, permuted, 5).positions] == picks).all()


def test_the_radius_is_the_largest_at_which_balls_are_pure() -> None:
    x = unit(blobs(400, 5))
    radius = pure_radius(x, x, 5, 0.9, seed=3)
    _, cluster = kmeans(x, 5, 3)
    distances = cdist(x, x)

    def purity(delta: float) -> float:
        mixed = (distances <= delta) & (cluster[:, None] != cluster)
        return 1 - float(mixed.any(axis=1).mean())

    assert purity(radius * 0.999) >= 0.9 > purity(radius * 1.001) - 1 / 400


def test_one_pseudo_label_makes_every_ball_pure() -> None:
    same = unit(np.ones((30, 4), dtype=np.float32))
    assert pure_radius(same, same, 5, 0.95, seed=0) == 2
    record = select(ProbCover(), context_of(np.ones((30, 4), dtype=np.float32)), 2).record
    assert record["covered"] == 1


def test_zero_vectors_cover_nothing() -> None:
    x = blobs(60, 3)
    x[::2] = 0
    picks = select(ProbCover(delta=0.5), context_of(x), 3).positions
    assert (picks % 2 == 1).all()
