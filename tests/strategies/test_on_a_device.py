"""With `cpu:0` strategies work on tensors, as on a GPU; picks are those of numpy and faiss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from acqkit.components.resolve import resolve
from acqkit.embeddings import IntArray
from acqkit.interfaces import RoundContext
from acqkit.selection import select
from acqkit.strategies import coverage, order
from acqkit.strategies.lcmd import largest_cluster
from acqkit.testing import make_context, make_embeddings, make_pool
from pretended_device import PretendedDevice

STRATEGIES = (
    "coreset",
    "badge",
    "lcmd",
    "kmeans",
    "typiclust",
    "probcover",
    "max-herding",
    "uherding",
    "facility-location",
)


def scene(labeled: int) -> RoundContext:
    """Pairs of which every seventh lacks a modality."""
    pool = make_pool(n=260, labeled=labeled)
    embeddings = make_embeddings(pool)
    a, b = embeddings.sides
    lacks = np.arange(len(pool)) % 7 == 0
    a, b = replace(a, present=~lacks), replace(b, present=np.roll(~lacks, 3))
    return make_context(pool, replace(embeddings, a=a, b=b))


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "_UPLOADED", 100)
    monkeypatch.setattr(coverage, "_TILE", (32, 64))


@pytest.mark.parametrize("labeled", [0, 12])
@pytest.mark.parametrize("name", STRATEGIES)
def test_picks_are_those_of_arrays(name: str, labeled: int) -> None:
    strategy, context = resolve("strategy", name).component, scene(labeled)
    arrays = select(strategy, context, 15)
    tensors = select(strategy, replace(context, device="cpu:0"), 15)
    np.testing.assert_array_equal(tensors.positions, arrays.positions)
    if arrays.scores is not None and tensors.scores is not None:
        np.testing.assert_allclose(tensors.scores, arrays.scores, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("positions", [np.arange(260)[::-1], np.array([250, 3, 77]), np.arange(0)])
def test_points_are_brought_to_the_device_in_the_order_asked_for(positions: IntArray) -> None:
    context = scene(12)
    points = order.points_of(replace(context, device="cpu:0"), positions)
    assert isinstance(points, torch.Tensor)
    np.testing.assert_array_equal(points, order.points_of(context, positions))


def test_sums_of_clusters_survive_distances_of_any_size() -> None:
    x = np.random.default_rng(0).standard_normal((50, 3), dtype=np.float32)
    for scale in (1e-12, 1e12):
        mine = torch.from_numpy(x * np.float32(scale))
        assert (
            largest_cluster(mine, mine[:2], 9)[0].tolist()
            == largest_cluster(x, x[:2], 9)[0].tolist()
        )
    equal = torch.ones(5, 2)
    assert sorted(largest_cluster(equal, equal[:1], 5)[0]) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("labeled", [0, 12])
@pytest.mark.parametrize("name", STRATEGIES)
def test_all_that_is_computed_with_is_on_the_device(name: str, labeled: int) -> None:
    strategy, context = resolve("strategy", name).component, scene(labeled)
    wanted = select(strategy, context, 15).positions
    with PretendedDevice():
        picked = select(strategy, replace(context, device="cuda"), 15).positions
    np.testing.assert_array_equal(picked, wanted)
