"""On a device the allocator picks as on the CPU; `cpu:0` goes the way of a GPU."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from acqkit_density import Density
from acqkit_density.neighbors import neighbor_graph, there
from acqkit_density.sample import SampleSizes

from acqkit.components.compose import Composed
from acqkit.selection import select
from acqkit.strategies import Entropy
from acqkit.testing import make_context, make_embeddings, make_pool


class Sampled(Density):
    sizes = SampleSizes(whole=150, per_pick=4, around=60)


@pytest.mark.parametrize("allocator", [Density(), Sampled(), Density(form="regions")])
def test_picks_are_those_of_the_cpu(allocator: Density) -> None:
    pool = make_pool(400, labeled=10)
    context = make_context(pool, make_embeddings(pool, variance=False))
    strategy = Composed(scorer=Entropy(), allocator=allocator)
    plain = select(strategy, context, 20)
    there = select(strategy, replace(context, device="cpu:0"), 20)
    assert there.positions.tolist() == plain.positions.tolist()


@pytest.mark.parametrize("packed", [4_096, 8])
def test_neighbors_by_region_are_those_of_the_cpu(
    packed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(there, "_PACKED", packed)
    rng = np.random.default_rng(0)
    points = rng.standard_normal((300, 6), dtype=np.float32)
    given = (points, 7, SampleSizes(around=90), rng.integers(0, 9, 300), np.arange(0, 300, 2))
    plain, mine = neighbor_graph(*given), neighbor_graph(*given, device="cpu:0")
    order, own = (np.argsort(graph.distances, axis=1) for graph in (plain, mine))
    np.testing.assert_allclose(
        np.take_along_axis(mine.distances, own, axis=1),
        np.take_along_axis(plain.distances, order, axis=1),
        rtol=1e-3,
    )
    if packed > 8:
        assert [set(row) for row in mine.indices] == [set(row) for row in plain.indices]
