"""Strategies that cover under a kernel: dense greedy, scikit-activeml, the optimum."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scenarios import blobs, context_of

from acqkit.embeddings import Float64Array, FloatArray
from acqkit.interfaces import RoundContext
from acqkit.neighbors import unit
from acqkit.selection import select
from acqkit.strategies import FacilityLocation, MaxHerding, UHerding
from acqkit.strategies.uherding import typical_distance, uncertainty

Covering = MaxHerding | FacilityLocation | UHerding


def _kernel(x: FloatArray, strategy: Covering) -> Float64Array:
    z = unit(x).astype(np.float64)
    cosine = z @ z.T
    if isinstance(strategy, FacilityLocation):
        return np.asarray((1 + cosine) / 2)
    assert strategy.radius is not None
    return np.asarray(np.exp((2 * cosine - 2) / strategy.radius**2))


def _weights(x: FloatArray, context: RoundContext, strategy: Covering) -> FloatArray:
    if not isinstance(strategy, UHerding):
        return np.ones(len(x), dtype=np.float32)
    labels = context.pool.labels
    known = context.canonical(labels.labeled)
    return uncertainty(unit(x), unit(x[known]), labels.matrix[known], context.pool.multilabel)


STRATEGIES: list[Covering] = [
    MaxHerding(radius=0.4),
    MaxHerding(),
    FacilityLocation(),
    UHerding(radius=0.5),
]


@pytest.mark.parametrize("labeled", [0, 25])
@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
@pytest.mark.parametrize("multilabel", [False, True])
def test_every_pick_is_a_greedy_one(strategy: Covering, labeled: int, multilabel: bool) -> None:
    x = blobs(260, 8)
    context = context_of(x, labeled=range(labeled), waiting=[60, 61], multilabel=multilabel)
    selection = select(strategy, context, 40)
    k, w = _kernel(x, strategy), _weights(x, context, strategy)
    assert (w >= 0).all() and w.max() > 0
    covered = k[[*range(labeled), 60, 61]].max(axis=0)
    free = np.isin(np.arange(260), context.candidates)
    assert selection.scores is not None
    for pick, score in zip(selection.positions, selection.scores, strict=True):
        gains = np.maximum(k - covered, 0) @ w / w.sum()
        assert gains[pick] == pytest.approx(gains[free].max(), abs=2e-6)
        assert score == pytest.approx(gains[pick], abs=2e-6)
        covered = np.maximum(covered, k[pick])
        free[pick] = False
    assert selection.record["covered"] == pytest.approx(w @ covered / w.sum(), abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_every_pick_of_max_herding_is_the_best_for_scikit_activeml(seed: int) -> None:
    peer = pytest.importorskip(
        "skactiveml.pool", reason="the peer is in the optional extra acqkit[peers]"
    )
    rng = np.random.default_rng(seed)
    n, labeled, radius = 300, int(rng.integers(0, 30)), float(rng.uniform(0.3, 1.5))
    x, y = blobs(n, 7, d=9, seed=seed), np.full(n, np.nan)
    y[:labeled] = 0
    theirs = peer.MaxHerding(metric_dict={"gamma": 1 / radius**2}, random_state=0)
    context = context_of(x, labeled=range(labeled))
    for pick in select(MaxHerding(radius=radius), context, 25).positions:
        # Two pairs that cover only each other gain the same, and theirs is then drawn.
        utilities = theirs.query(x.astype(np.float64), y, return_utilities=True)[1][0]
        assert utilities[pick] == pytest.approx(np.nanmax(utilities), abs=1e-8)
        y[pick] = 0


@pytest.mark.parametrize("strategy", STRATEGIES[:3], ids=str)
def test_coverage_is_within_the_guarantee_of_the_optimum(strategy: Covering) -> None:
    for seed in range(3):
        x = blobs(16, 5, d=3, seed=seed)
        k = _kernel(x, strategy)
        best = max(k[list(picks)].max(axis=0).sum() for picks in combinations(range(16), 3))
        picks = select(strategy, context_of(x), 3).positions
        assert k[picks].max(axis=0).sum() >= (1 - 1 / np.e) * best


@pytest.mark.parametrize("strategy", [MaxHerding(), FacilityLocation()], ids=str)
def test_asking_twice_is_asking_once(strategy: Covering) -> None:
    x = blobs(200, 6)
    at_once = select(strategy, context_of(x), 10).positions.tolist()
    first = select(strategy, context_of(x), 4).positions.tolist()
    then = select(strategy, context_of(x, waiting=first), 6).positions.tolist()
    assert first + then == at_once


def test_samples_of_pairs_and_witnesses_cover_nearly_as_much() -> None:
    x = blobs(1500, 12)
    whole = MaxHerding(radius=0.5)
    k = _kernel(x, whole)
    covered = [
        k[select(strategy, context_of(x), 8).positions].max(axis=0).mean()
        for strategy in (whole, whole.model_copy(update={"considered": 600, "witnesses": 400}))
    ]
    assert covered[1] >= 0.95 * covered[0]


def test_uherding_without_labels_is_max_herding() -> None:
    x = blobs(200, 5)
    for context in (context_of(x), context_of(x, waiting=range(12))):
        picks = select(UHerding(), context, 12).positions
        assert picks.tolist() == select(MaxHerding(), context, 12).positions.tolist()


def test_uherding_asks_where_labels_do_not_tell() -> None:
    x = np.asarray(blobs(400, 4, seed=3))
    context = context_of(x, labeled=range(60), classes=3)
    labels = context.pool.labels
    sure = x[:, 0] > np.median(x[:, 0])
    matrix = labels.matrix.copy()
    # On one side a class of its own, on the other classes at random.
    matrix[labels.labeled] = 0
    noise = np.random.default_rng(0).integers(0, 2, 60)
    matrix[labels.labeled, np.where(sure[:60], 2, noise)] = 1
    u = uncertainty(unit(x), unit(x[:60]), matrix[:60], False)
    assert u[sure].mean() < 0.6 * u[~sure].mean()


def test_the_radius_is_that_of_the_labels() -> None:
    z = unit(blobs(400, 8, d=4))
    assert typical_distance(z[:1]) == 1
    assert typical_distance(z[:300]) < typical_distance(z[:30]) < 1
    # One near-duplicate among the labels changes little.
    again = typical_distance(np.concatenate([z[:30], z[:1] + np.float32(1e-6)]))
    assert again == pytest.approx(typical_distance(z[:30]), rel=0.1)
    assert typical_distance(np.repeat(z[:1], 9, axis=0)) == pytest.approx(0.01)
