"""What a large pool gets, on pools that are small, with the bounds between the two lowered."""

from __future__ import annotations

import numpy as np
import pytest
from acqkit_density import Density, large
from acqkit_density.large import representatives, semantic_regions

from acqkit import Component
from acqkit.neighbors import unit
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


def test_representatives_hold_the_labeled_and_enough_candidates() -> None:
    n, labeled = 200_000, np.array([3, 150_000, 199_999])
    candidates = np.setdiff1d(np.arange(n), labeled)
    rows = representatives(candidates, labeled, n, 1000)
    assert set(labeled) <= set(rows)
    assert (np.diff(rows) > 0).all()
    assert 128 * 1003 <= len(rows) < 128 * 1003 + 10
    assert len(np.intersect1d(rows, candidates)) >= 1000
    assert len(representatives(candidates, labeled, n, 2000)) == n


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
