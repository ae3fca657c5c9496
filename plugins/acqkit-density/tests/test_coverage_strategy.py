"""Coverage without a scorer: what it picks, what it says of it, on pools of any size."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from acqkit_density import CoverageStrategy, Density
from acqkit_density.neighbors import pair_points
from acqkit_density.sample import SampleSizes
from acqkit_density.view import PoolView, ViewParameters
from numpy.testing import assert_allclose

from acqkit import RoundContext, Scores
from acqkit.embeddings import Float64Array
from acqkit.selection import select
from acqkit.testing import conformance_test, make_context, make_embeddings, make_pool


class Tenth(CoverageStrategy):
    """Treats 300 pairs as a large pool."""

    sizes: ClassVar[SampleSizes] = SampleSizes(whole=300, per_pick=10)


class Tiny(CoverageStrategy):
    """Treats a dozen pairs as a large pool."""

    sizes: ClassVar[SampleSizes] = SampleSizes(whole=12, per_pick=2, per_region=4)


test_coverage_conforms = conformance_test(CoverageStrategy())
test_coverage_of_a_sample_conforms = conformance_test(Tiny())


def dense_kernel(context: RoundContext, neighbors: int) -> Float64Array:
    """k `[n, n]` by sorting all distances: what the sparse kernel must hold."""
    points = pair_points(context.embeddings).astype(np.float64)
    squared = np.square(points[:, None] - points[None]).sum(axis=2)
    np.fill_diagonal(squared, 0)
    nearest = np.argsort(squared, axis=1)[:, : neighbors + 1]
    view = PoolView.of(context, ViewParameters(5, neighbors=neighbors))
    kernel = np.zeros_like(squared)
    for i, own in enumerate(nearest):
        kernel[i, own] = np.exp(-squared[i, own] / view.graph.bandwidth())
    symmetric: Float64Array = np.maximum(kernel, kernel.T)
    return symmetric


@pytest.mark.parametrize("seed", range(3))
def test_picks_are_the_greedy_ones_on_every_pair_alike(seed: int) -> None:
    pool = make_pool(80, 4, labeled=6, seed=seed)
    context = make_context(pool, make_embeddings(pool), seed=seed)
    found = select(CoverageStrategy(neighbors=7), context, 5)
    kernel, covering = dense_kernel(context, 7), pool.labels.labeled.tolist()
    before = kernel[covering].max(axis=0).mean()
    for pick, gain in zip(found.positions.tolist(), found.record["gains"]["gain"], strict=True):
        means = [
            kernel[[*covering, i]].max(axis=0).mean() if i not in covering else -np.inf
            for i in range(80)
        ]
        assert_allclose(means[pick], max(means), atol=1e-6)
        assert_allclose(gain, means[pick] - before, atol=1e-6)
        covering.append(pick)
        before = means[pick]


def test_it_is_the_allocator_with_coverage_all_that_counts() -> None:
    pool = make_pool(300, 5, labeled=10)
    context = make_context(pool, make_embeddings(pool))
    scores = Scores(context.uniforms("any").astype(np.float32))
    alone = Density(coverage_weight=1e9, informative_coverage=0).allocate(scores, context, 12)
    assert select(CoverageStrategy(), context, 12).positions.tolist() == alone.positions.tolist()


def test_reasons_do_not_speak_of_informativeness() -> None:
    pool = make_pool(200, 4, labeled=5)
    record = select(CoverageStrategy(), make_context(pool, make_embeddings(pool)), 4).record
    assert set(record["gains"]) == {
        "gain", "coverage", "newly_covered", "nearest_labeled", "distance"
    }  # fmt: skip
    for reason in record["reasons"]:
        assert "The nearest labeled pair is" in reason
        assert "informativeness" not in reason
    assert sum(row["picked"] for row in record["allocation"]) == 4


def test_a_large_pool_is_sampled_and_the_record_says_so() -> None:
    pool = make_pool(3000, 8, labeled=10)
    context = make_context(pool, make_embeddings(pool))
    record = select(Tenth(), context, 20).record
    assert 300 <= record["sample"]["pairs"] <= 310
    assert record["sample"]["pool"] == 3000
