from __future__ import annotations

import numpy as np
import pytest
import torch
from acqkit_density.neighbors import neighbor_graph
from acqkit_density.neighbors.fast import smallest_columns
from acqkit_density.sample import SampleSizes
from numpy.testing import assert_allclose, assert_array_equal


def test_a_graph_by_regions_is_the_exact_one_where_rows_are_few() -> None:
    points = np.random.default_rng(0).standard_normal((90, 4)).astype(np.float32)
    by_region, whole = (
        neighbor_graph(points, 7, SampleSizes(), region) for region in (np.arange(90) % 5, None)
    )
    assert_allclose(np.sort(by_region.distances, axis=1), whole.distances, atol=1e-4)
    assert_array_equal(np.sort(by_region.indices, axis=1), np.sort(whole.indices, axis=1))


def test_a_graph_by_regions_is_exact_within_a_region_and_the_nearest() -> None:
    rng = np.random.default_rng(0)
    points = rng.standard_normal((60, 4)).astype(np.float32)
    region = np.repeat([0, 1, 2], [40, 18, 2])[rng.permutation(60)]
    means = np.stack([points[region == k].mean(axis=0) for k in range(3)])
    between = ((means[:, None] - means[None]) ** 2).sum(axis=2) + np.diag([np.inf] * 3)
    graph = neighbor_graph(points, 25, SampleSizes(around=1), region)
    squared = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    for i in range(60):
        around = (region[i], between[region[i]].argmin())
        others = [j for j in range(60) if region[j] in around and j != i]
        nearest = sorted(squared[i, others])[:25]
        assert graph.distances[i, 0] == 0 and graph.indices[i, 0] == i
        distances, indices = graph.distances[i, 1:], graph.indices[i, 1:]
        known = np.isfinite(distances)
        assert_allclose(sorted(distances[known]), nearest, atol=1e-4)
        found = indices[known]
        assert_allclose(distances[known], squared[i, found], atol=1e-4)
        assert set(found) <= set(others) and len(set(found)) == len(nearest)


def test_of_a_graph_only_some_rows_may_be_asked_for() -> None:
    rng = np.random.default_rng(0)
    points = rng.standard_normal((90, 4)).astype(np.float32)
    region, asked = np.arange(90) % 5, np.sort(rng.choice(90, 31, replace=False))
    whole, some = (neighbor_graph(points, 7, SampleSizes(), region, rows) for rows in (None, asked))
    assert_array_equal(np.sort(some.indices, axis=1), np.sort(whole.indices[asked], axis=1))
    assert_array_equal(some.indices[:, 0], asked)


def test_where_no_row_has_enough_neighbors_those_there_are_say_how_far_they_reach() -> None:
    points = np.random.default_rng(0).standard_normal((90, 4)).astype(np.float32)
    graph = neighbor_graph(points, 7, SampleSizes(around=1), np.arange(90) % 45)
    assert np.isinf(graph.distances).any(axis=1).all()
    farthest = np.where(np.isinf(graph.distances), 0, graph.distances).max(axis=1)
    assert_allclose(graph.bandwidth(), np.median(farthest))


def test_of_rows_that_are_equally_near_no_more_than_asked_for_are_neighbors() -> None:
    points = np.repeat(np.eye(3, dtype=np.float32), 10, axis=0)
    graph = neighbor_graph(points, 12, SampleSizes(), np.zeros(30, dtype=np.int64))
    for i in range(30):
        own = set(range(10 * (i // 10), 10 * (i // 10) + 10)) - {i}
        others = graph.indices[i, 1:].tolist()
        assert own < set(others)
        assert len(set(others)) == 12
        assert i not in others


@pytest.mark.parametrize("packed", [4096, 64])
@pytest.mark.parametrize("k", [1, 20, 130])
def test_the_smallest_of_many_columns(packed: int, k: int) -> None:
    values = np.random.default_rng(0).random((9, 1300), np.float32) ** 4
    values[:, 3] = -1e-9
    values[:, 5] = np.inf
    found = smallest_columns(values, k, packed)
    assert found.shape == (9, k) and all(len(set(row)) == k for row in found.tolist())
    wanted = np.sort(abs(values), axis=1)[:, :k]
    # The last 11 of 24 bits are not compared.
    assert_allclose(np.sort(abs(np.take_along_axis(values, found, 1)), 1), wanted, rtol=2**-12)


def test_in_several_threads_the_graph_is_the_same() -> None:
    points = np.random.default_rng(0).standard_normal((3000, 4)).astype(np.float32)
    region, before = np.arange(3000) % 40, torch.get_num_threads()
    one = neighbor_graph(points, 20, SampleSizes(), region)
    torch.set_num_threads(3)
    try:
        several = neighbor_graph(points, 20, SampleSizes(), region)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert_array_equal(several.indices, one.indices)
    assert_array_equal(several.distances, one.distances)
