"""What a large pool gets, on pools that are small, with the bounds between the two lowered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from acqkit_density import Density, graph, large
from acqkit_density.constraints import Rule
from acqkit_density.graph import pair_points
from acqkit_density.large import (
    read_points,
    representatives,
    semantic_regions,
    to_cover,
)
from acqkit_density.scene import Ground, Scene

from acqkit import Component, PairEmbeddings, RoundContext
from acqkit.embeddings import FloatArray, IntArray
from acqkit.neighbors import unit
from acqkit.selection import Composed, score_candidates, select
from acqkit.strategies import Entropy
from acqkit.testing import Check, make_context, make_embeddings, make_pool, parametrize_with_checks


@pytest.fixture
def _low_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "LARGE", 12)
    monkeypatch.setattr(large, "_ROWS_PER_PICK", 2)
    monkeypatch.setattr(large, "_ROWS_PER_REGION", 4)


@pytest.mark.usefixtures("_low_bounds")
@parametrize_with_checks(
    {"coverage": Density(), "regions": Density(form="regions"), "both": Density(form="both")}
)
def test_large_pools_conform(component: Component, check: Check) -> None:
    check(component)


def sampled_context(seed: int = 0) -> RoundContext:
    """Three thousand pairs in clusters of unequal sizes, ten of them labeled."""
    pool = make_pool(3000, 8, labeled=10)
    return make_context(pool, make_embeddings(pool), seed=seed)


@pytest.fixture
def _a_tenth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "LARGE", 300)
    monkeypatch.setattr(large, "_ROWS_PER_PICK", 10)


@pytest.mark.usefixtures("_a_tenth")
def test_only_the_sample_is_scored_and_the_record_says_so() -> None:
    context = sampled_context()
    read = Density().reads(context, 20)
    assert read is not None
    assert len(read) == 300
    assert set(read) <= set(context.candidates)
    scored: list[int] = []

    class Watched(Component):
        def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
            scored.extend(block.positions.tolist())
            return block.a.mean[:, 0]

    selection = select(Composed(scorer=Watched(), allocator=Density()), context, 20)
    assert sorted(read.tolist()) == scored
    assert set(selection.positions) <= set(read)
    labeled = len(context.pool.labels.labeled)
    assert 300 <= selection.record["sample"]["pairs"] <= 300 + labeled
    assert selection.record["sample"]["pool"] == 3000
    table = selection.record["allocation"]
    assert sum(row["picked"] for row in table) == 20
    assert sum(row["labels"] for row in table) == labeled
    assert 2900 < sum(row["size (estimated)"] for row in table) < 3100


@pytest.mark.usefixtures("_a_tenth")
@pytest.mark.parametrize(
    "allocator",
    [
        Density(form="regions"),
        Density(form="both"),
        Density(constraints=(Rule(by="predicted", at_most=9),)),
    ],
)
def test_regions_and_constraints_read_every_score(allocator: Density) -> None:
    assert allocator.reads(sampled_context(), 20) is None


def test_small_pools_are_read_whole() -> None:
    assert Density().reads(sampled_context(), 20) is None


def test_a_sample_covers_nearly_as_well_as_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    context = sampled_context()
    scores = score_candidates(Entropy(), context)
    # The neighborhoods of the exact graph hold the same share of the pool as the sample's.
    allocator = Density(neighbors=3000 // 40)
    scene = Scene.of(Ground.whole(context, 10, neighbors=75), scores, 0.5)
    exact = value(allocator, scene, allocator.allocate(scores, context, 10).positions)
    picks = np.random.default_rng(0).choice(context.candidates, 10, replace=False)
    chance = value(allocator, scene, picks)
    monkeypatch.setattr(large, "LARGE", 1000)
    monkeypatch.setattr(large, "_ROWS_PER_PICK", 50)
    sampled = Density().allocate(scores, context, 10)
    assert sampled.record["sample"]["pairs"] < 1200
    assert value(allocator, scene, sampled.positions) > 0.95 * exact > 1.4 * chance


def test_draws_of_a_sample_cover_nearly_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With as many rows a pick as a large pool has; over several draws, since one may be lucky."""
    monkeypatch.setattr(large, "LARGE", 4000)
    ratios = []
    for seed in range(12):
        context = sampled_context(seed)
        scores = score_candidates(Entropy(), context)
        # The neighborhoods of the exact graph hold the same share of the pool as the sample's.
        allocator = Density(neighbors=3000 // 40)
        scene = Scene.of(Ground.whole(context, 10, neighbors=75), scores, 0.5)
        positions = allocator.allocate(scores, context, 10).positions
        exact = value(allocator, scene, positions)
        chance = np.random.default_rng(0).choice(context.candidates, 10, replace=False)
        assert 0.95 * exact > 1.4 * value(allocator, scene, chance)
        with monkeypatch.context() as lowered:
            lowered.setattr(large, "LARGE", 0)
            sampled = Density().allocate(scores, context, 10)
        assert sampled.record["sample"]["pairs"] < 2300
        ratios.append(value(allocator, scene, sampled.positions) / exact)
    assert np.mean(ratios) > 0.95
    assert min(ratios) > 0.9


def value(allocator: Density, scene: Scene, positions: IntArray) -> float:
    """The objective of 10 picks on all pairs, above what the labeled ones cover already."""
    coverage = allocator.coverage(scene, 10)
    before, rows = coverage.value(), np.argsort(scene.order)[positions]
    coverage.include(rows)
    return float(scene.utilities[rows].sum()) + coverage.value() - before


def test_searched_neighbors_cover_as_well_as_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between 10,000 and 50,000 pairs, some of the nearest neighbors are not found."""
    pool = make_pool(11_000, 8, labeled=40)
    context = make_context(pool, make_embeddings(pool))
    scores, allocator = score_candidates(Entropy(), context), Density()

    def whole() -> Scene:
        return Scene.of(Ground.whole(context, 30, regions=5, neighbors=20), scores, 0.5)

    searched = whole()
    monkeypatch.setattr(graph, "_RECALL", 1.0)
    exact = whole()
    found = np.mean(
        [
            len(np.intersect1d(one, other))
            for one, other in zip(
                searched.graph.indices[:, 1:], exact.graph.indices[:, 1:], strict=True
            )
        ]
    )
    assert 0.9 * 20 < found < 20
    values = []
    for scene in (searched, exact):
        coverage = allocator.coverage(exact, 30)
        rows = allocator.choose(scene, 30)
        coverage.include(rows)
        values.append(exact.utilities[rows].sum() + coverage.value())
    assert values[0] > 0.99 * values[1]


def test_representatives_hold_the_labeled_and_enough_candidates() -> None:
    n, labeled = 200_000, np.array([3, 150_000, 199_999])
    candidates = np.setdiff1d(np.arange(n), labeled)
    sample = representatives(candidates, labeled, n, 1000)
    rows = sample.rows
    assert (rows[: sample.drawn] == np.arange(sample.drawn)).all()
    assert set(labeled) <= set(rows)
    assert (np.diff(rows) > 0).all()
    assert 112 * 1003 <= len(rows) < 112 * 1003 + 10
    assert len(np.intersect1d(rows, candidates)) >= 1000
    assert len(representatives(candidates, labeled, n, 2000).rows) == n


@pytest.mark.parametrize(("neighbors", "share"), [(100, 0.25), (64, 25 / 64), (25, 1), (1, 1)])
def test_of_every_region_the_same_share_is_covered(neighbors: int, share: float) -> None:
    rng = np.random.default_rng(0)
    region, candidates = rng.integers(0, 7, 1200) ** 2 // 6, np.delete(np.arange(1200), [0, 7])
    rows = to_cover(candidates, region, neighbors)
    assert (np.diff(rows) > 0).all() and np.isin(rows, candidates).all()
    covered, wanted = (np.bincount(region[some], minlength=7) for some in (rows, candidates))
    assert (abs(covered - share * wanted) <= 1).all()


@pytest.mark.usefixtures("_a_tenth")
@pytest.mark.parametrize(
    "allocator",
    [
        Density(),
        Density(form="regions"),
        Density(form="both"),
        Density(constraints=(Rule(by="predicted", at_most=9),)),
    ],
)
def test_with_several_threads_a_composed_strategy_picks_what_the_allocator_does_with_one(
    allocator: Density,
) -> None:
    """What is prepared while candidates are scored, by other threads, is the same."""
    context, before = sampled_context(), torch.get_num_threads()
    scores = score_candidates(Entropy(), context, allocator.reads(context, 20))
    one = allocator.allocate(scores, context, 20)
    torch.set_num_threads(3)
    try:
        several = select(Composed(scorer=Entropy(), allocator=allocator), context, 20)
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(several.positions, one.positions)
    assert several.record == one.record


def test_points_in_principal_directions_are_as_far_apart_as_whole_ones() -> None:
    rng = np.random.default_rng(0)
    pool = make_pool(2000, 8)
    flat = rng.standard_normal((5, 30)).astype(np.float32)
    a, b = (
        rng.standard_normal((2000, 5)).astype(np.float32) @ flat
        + 0.02 * rng.standard_normal((2000, 30)).astype(np.float32)
        for _ in "ab"
    )
    embeddings = make_embeddings(pool)
    embeddings = replace(
        embeddings, a=replace(embeddings.a, mean=a), b=replace(embeddings.b, mean=b)
    )
    order = make_context(pool, embeddings).canonical(np.arange(2000))
    points, whole = read_points(embeddings, order), pair_points(embeddings.take(order))
    assert points.shape[1] <= 12 < whole.shape[1]
    apart, wanted = (
        ((rows[:200, None] - rows[None, :200]) ** 2).sum(axis=2) for rows in (points, whole)
    )
    np.testing.assert_allclose(apart, wanted, atol=0.03 * wanted.mean())


def test_regions_in_two_levels_are_nearly_those_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = make_pool(4000, 8)
    embeddings = make_embeddings(pool)
    order = make_context(pool, embeddings).canonical(np.arange(len(pool)))
    monkeypatch.setattr(large, "LARGE", 1000)
    count, region = semantic_regions(embeddings, order, 60, 0)
    points = unit(embeddings.take(order).unified_mean())
    centers = np.stack([points[region == k].mean(axis=0) for k in range(count)])
    own = np.einsum("nd,nd->n", points, unit(centers)[region])
    best = (points @ unit(centers).T).max(axis=1)
    assert own.mean() > 0.98 * best.mean()
