"""What a large pool gets, on pools that are small, with the bounds between the two lowered."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from acqkit_density import Density
from acqkit_density.clusters import semantic_regions
from acqkit_density.constrained import Rule
from acqkit_density.coverage import Coverage, CoverageForm
from acqkit_density.neighbors import pair_points, read_points
from acqkit_density.sample import CanonicalPool, SampleSizes, rows_to_cover
from acqkit_density.view import PoolView, ViewParameters

from acqkit import Component, PairEmbeddings, RoundContext, Scores
from acqkit.components.compose import Composed
from acqkit.embeddings import FloatArray, IntArray
from acqkit.neighbors import unit
from acqkit.selection import score_candidates, select
from acqkit.strategies import Entropy
from acqkit.testing import Check, make_context, make_embeddings, make_pool, parametrize_with_checks


class Tiny(Density):
    """Treats a dozen pairs as a large pool."""

    sizes: ClassVar[SampleSizes] = SampleSizes(whole=12, per_pick=2, per_region=4)


class Tenth(Density):
    """Treats 300 pairs as a large pool."""

    sizes: ClassVar[SampleSizes] = SampleSizes(whole=300, per_pick=10)


@parametrize_with_checks(
    {"coverage": Tiny(), "regions": Tiny(form="regions"), "both": Tiny(form="both")}
)
def test_large_pools_conform(component: Component, check: Check) -> None:
    check(component)


def sampled_context(seed: int = 0) -> RoundContext:
    """Three thousand pairs in clusters of unequal sizes, ten of them labeled."""
    pool = make_pool(3000, 8, labeled=10)
    return make_context(pool, make_embeddings(pool), seed=seed)


def test_only_the_sample_is_scored_and_the_record_says_so() -> None:
    context = sampled_context()
    read = Tenth().reads(context, 20)
    assert read is not None
    assert len(read) == 300
    assert set(read) <= set(context.candidates)
    scored: list[int] = []

    class Watched(Component):
        def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
            scored.extend(block.positions.tolist())
            return block.a.mean[:, 0]

    selection = select(Composed(scorer=Watched(), allocator=Tenth()), context, 20)
    assert sorted(read.tolist()) == scored
    assert set(selection.positions) <= set(read)
    labeled = len(context.pool.labels.labeled)
    assert 300 <= selection.record["sample"]["pairs"] <= 300 + labeled
    assert selection.record["sample"]["pool"] == 3000
    table = selection.record["allocation"]
    assert sum(row["picked"] for row in table) == 20
    assert sum(row["labels"] for row in table) == labeled
    assert 2900 < sum(row["size (estimated)"] for row in table) < 3100


@pytest.mark.parametrize(
    "allocator",
    [
        Tenth(form="regions"),
        Tenth(form="both"),
        Tenth(constraints=(Rule(by="predicted", at_most=9),)),
    ],
)
def test_regions_and_constraints_read_every_score(allocator: Density) -> None:
    assert allocator.reads(sampled_context(), 20) is None


def test_small_pools_are_read_whole() -> None:
    assert Density().reads(sampled_context(), 20) is None


@dataclass(frozen=True, eq=False)
class Exact:
    """The objective of 10 picks on all pairs; neighborhoods hold the same share as a sample's."""

    context: RoundContext
    scores: Scores

    @cached_property
    def coverage(self) -> Coverage:
        form = Density().objective()
        assert isinstance(form, CoverageForm)
        return form.objective(self.view, self.view.utilities(self.scores), 10)

    @cached_property
    def view(self) -> PoolView:
        return PoolView.of(self.context, ViewParameters(10, neighbors=3000 // 40))

    def value(self, positions: IntArray) -> float:
        """What picks add to utility and coverage."""
        rows = np.argsort(self.view.order)[positions]
        covered = self.coverage.with_picks(rows).value() - self.coverage.value()
        return float(self.coverage.utilities[rows].sum()) + covered

    def ratios(self, allocator: Density) -> tuple[float, float]:
        """What an allocator's picks are worth relative to the exact ones, and random ones'."""
        exact = self.value(Density(neighbors=75).allocate(self.scores, self.context, 10).positions)
        sampled = allocator.allocate(self.scores, self.context, 10)
        assert sampled.record["sample"]["pairs"] < 2300
        chance = np.random.default_rng(0).choice(self.context.candidates, 10, replace=False)
        return self.value(sampled.positions) / exact, self.value(chance) / exact


def test_a_sample_covers_nearly_as_well_as_the_pool() -> None:
    class Third(Density):
        sizes: ClassVar[SampleSizes] = SampleSizes(whole=1000, per_pick=50)

    context = sampled_context()
    sampled, chance = Exact(context, score_candidates(Entropy(), context)).ratios(Third())
    assert sampled > 0.95 > 1.4 * chance


def test_draws_of_a_sample_cover_nearly_as_well() -> None:
    """With as many rows a pick as a large pool has; over several draws, since one may be lucky."""

    class Always(Density):
        sizes: ClassVar[SampleSizes] = SampleSizes(whole=0)

    ratios = []
    for seed in range(6):
        context = sampled_context(seed)
        sampled, chance = Exact(context, score_candidates(Entropy(), context)).ratios(Always())
        assert 1.4 * chance < 0.95
        ratios.append(sampled)
    assert np.mean(ratios) > 0.95
    assert min(ratios) > 0.9


def test_searched_neighbors_cover_as_well_as_all() -> None:
    """Between 10,000 and 50,000 pairs, some of the nearest neighbors are not found."""
    pool = make_pool(11_000, 8, labeled=40)
    context = make_context(pool, make_embeddings(pool))
    scores, form = score_candidates(Entropy(), context), Density().objective()
    assert isinstance(form, CoverageForm)
    searched, exact = (
        PoolView.of(context, ViewParameters(30, 5, 20, SampleSizes(recall=recall)))
        for recall in (0.95, 1.0)
    )
    both = zip(searched.graph.indices[:, 1:], exact.graph.indices[:, 1:], strict=True)
    found = np.mean([len(np.intersect1d(one, other)) for one, other in both])
    assert 0.9 * 20 < found < 20
    utilities = exact.utilities(scores)
    values = []
    for view in (searched, exact):
        rows = form.choose(view, utilities, 30)
        coverage = form.objective(exact, utilities, 30).with_picks(rows)
        values.append(utilities[rows].sum() + coverage.value())
    assert values[0] > 0.99 * values[1]


def test_a_sample_holds_what_covers_and_enough_candidates() -> None:
    n, labeled = 200_000, np.array([3, 150_000, 199_999])
    is_labeled = np.isin(np.arange(n), labeled)
    pool = CanonicalPool(np.arange(n), ~is_labeled, is_labeled, is_labeled, ~is_labeled)
    sample = pool.sample(1000, SampleSizes())
    rows = sample.rows
    assert sample.is_partial and (rows[: sample.drawn] == np.arange(sample.drawn)).all()
    assert set(labeled) <= set(rows)
    assert (np.diff(rows) > 0).all()
    assert 112 * 1003 <= len(rows) < 112 * 1003 + 10
    assert len(np.intersect1d(rows, pool.candidates)) >= 1000
    assert len(pool.sample(2000, SampleSizes()).rows) == n


@pytest.mark.parametrize(("neighbors", "share"), [(100, 0.25), (64, 25 / 64), (25, 1), (1, 1)])
def test_of_every_region_the_same_share_is_covered(neighbors: int, share: float) -> None:
    rng = np.random.default_rng(0)
    region, candidates = rng.integers(0, 7, 1200) ** 2 // 6, np.delete(np.arange(1200), [0, 7])
    rows = rows_to_cover(candidates, region, neighbors, SampleSizes())
    assert (np.diff(rows) > 0).all() and np.isin(rows, candidates).all()
    covered, wanted = (np.bincount(region[some], minlength=7) for some in (rows, candidates))
    assert (abs(covered - share * wanted) <= 1).all()


def rounded(value: Any) -> Any:
    """A record that equals one whose figures differ in the sixth digit."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return pytest.approx(value, rel=1e-5, abs=1e-9) if isinstance(value, float) else value


@pytest.mark.parametrize(
    "allocator",
    [
        Tenth(),
        Tenth(form="regions"),
        Tenth(form="both"),
        Tenth(constraints=(Rule(by="predicted", at_most=9),)),
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
    # How many threads a matrix product gets on a busy machine decides on its last digits.
    assert several.record == rounded(one.record)


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


def test_regions_in_two_levels_are_nearly_those_of_one() -> None:
    pool = make_pool(4000, 8)
    embeddings = make_embeddings(pool)
    order = make_context(pool, embeddings).canonical(np.arange(len(pool)))
    count, region = semantic_regions(embeddings, order, 60, 0, SampleSizes(whole=1000))
    points = unit(embeddings.take(order).unified_mean())
    centers = np.stack([points[region == k].mean(axis=0) for k in range(count)])
    own = np.einsum("nd,nd->n", points, unit(centers)[region])
    best = (points @ unit(centers).T).max(axis=1)
    assert own.mean() > 0.98 * best.mean()
    sent = semantic_regions(embeddings, order, 60, 0, SampleSizes(whole=1000), Sent())
    assert np.array_equal(sent[1], region)


class Sent:
    """An engine to which functions are sent."""

    def map(self, function: Any, blocks: Any, *, thread_safe: bool = False) -> Any:
        return map(pickle.loads(pickle.dumps(function)), blocks)
