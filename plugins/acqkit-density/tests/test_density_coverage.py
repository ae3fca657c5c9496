from __future__ import annotations

import itertools

import numpy as np
import pytest
from acqkit_density import covering as covering_module
from acqkit_density import graph as graph_module
from acqkit_density.coverage import Coverage, greedy
from acqkit_density.covering import Covering, greedy_at_once
from acqkit_density.graph import neighbor_graph
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse


def random_coverage(rng: np.random.Generator, n: int) -> Coverage:
    dense = np.triu(rng.random((n, n)) * (rng.random((n, n)) < 0.3), 1)
    dense = dense + dense.T + np.eye(n)
    return Coverage(sparse.csr_matrix(dense), rng.random(n) * 0.2, rng.random(n))


def plain_value(coverage: Coverage, chosen: list[int], labeled: list[int]) -> float:
    dense = coverage.kernel.toarray()
    covered = dense[chosen + labeled].max(axis=0) if chosen + labeled else np.zeros(len(dense))
    return float(coverage.utilities[chosen].sum() + coverage.weights @ covered)


@pytest.mark.parametrize("seed", range(20))
def test_lazy_greedy_is_plain_greedy_and_within_its_guarantee(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, picks = 12, 3
    coverage = random_coverage(rng, n)
    labeled = [0, 5]
    candidates = np.array([i for i in range(n) if i not in labeled])
    chosen: list[int] = []
    for _ in range(picks):
        left = [int(i) for i in candidates if i not in chosen]
        chosen.append(max(left, key=lambda i: plain_value(coverage, [*chosen, i], labeled)))
    coverage.include(np.array(labeled))
    base = plain_value(coverage, [], labeled)
    found = greedy(coverage, candidates, picks)
    assert found.tolist() == chosen
    values = [
        plain_value(coverage, list(c), labeled) for c in itertools.combinations(candidates, picks)
    ]
    assert plain_value(coverage, chosen, labeled) - base >= (1 - 1 / np.e) * (max(values) - base)


def test_all_gains_at_once_are_the_gains_one_by_one() -> None:
    coverage = random_coverage(np.random.default_rng(0), 30)
    coverage.include(np.array([3, 4]))
    assert_allclose(coverage.gains(), [coverage.gain(i) for i in range(30)], atol=1e-12)


def test_quotas_bound_the_picks_of_each_region() -> None:
    coverage = random_coverage(np.random.default_rng(1), 30)
    region, quota = np.arange(30) % 3, np.array([2, 0, 5])
    picks = greedy(coverage, np.arange(30), 7, region=region, quota=quota)
    assert np.bincount(region[picks], minlength=3).tolist() == quota.tolist()


@pytest.mark.parametrize("likely", [1, 20])
@pytest.mark.parametrize("seed", range(5))
def test_gains_lowered_at_once_lead_to_the_lazy_picks(
    seed: int, likely: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(covering_module, "_LIKELY", likely)
    monkeypatch.setattr(graph_module, "_AROUND", 1)
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((60, 3)).astype(np.float32)
    asked = np.sort(rng.choice(60, 35, replace=False))
    # Regions so small that some rows have fewer neighbors than 9.
    graph = neighbor_graph(points, 9, rng.integers(0, 12, 60), asked)
    assert np.isinf(graph.distances).any() and np.isfinite(graph.distances).all(axis=1).any()
    covering, utilities, weights = graph.covering(), rng.random(60) * 0.2, rng.random(35)
    lazy = Coverage(covering.of(np.arange(60)), utilities, weights)
    lazy.include(np.arange(5))
    covered = covering.covered_by(np.arange(5))
    assert_array_equal(covered, lazy.covered)
    assert_allclose(covering.gains(covered, weights) + utilities, lazy.gains(), atol=1e-7)
    candidates = np.arange(5, 60)
    picks = greedy_at_once(covering, utilities, weights, np.arange(5), candidates, 20)
    assert picks.tolist() == greedy(lazy, candidates, 20).tolist()


def test_among_ties_gains_lowered_at_once_cover_as_much_as_the_lazy_picks() -> None:
    points = np.repeat(np.eye(9, dtype=np.float32), 20, axis=0)
    graph = neighbor_graph(points, 12, np.arange(180) % 3, np.arange(0, 180, 2))
    covering, utilities, weights = graph.covering(), np.full(180, 0.5), np.full(90, 1 / 3)
    nobody, everyone = np.arange(0), np.arange(180)
    picks = greedy_at_once(covering, utilities, weights, nobody, everyone, 40)
    lazy, at_once = (Coverage(covering.of(everyone), utilities, weights) for _ in range(2))
    greedy(lazy, everyone, 40)
    at_once.include(picks)
    assert len(set(picks.tolist())) == 40
    assert_allclose(at_once.value(), lazy.value(), rtol=1e-6)


def test_what_a_row_covers_is_what_names_it() -> None:
    rows = np.array([[0, 3, 4], [2, 0, 2], [1, 4, 0]])
    kernel = np.array([[1, 0.5, 0.25], [1, 0.75, 0], [1, 0.125, 0.5]], dtype=np.float32)
    covering = Covering(rows, kernel, 6)
    wanted = np.array([[1, 0.75, 0.5], [0, 0, 0], [0, 1, 0]])
    assert_array_equal(covering.of(np.array([0, 5, 2])).toarray(), wanted)
    assert_array_equal(covering.covered_by(np.array([3, 4, 5])), [0.5, 0, 0.125])
    gains = covering.gains(np.array([0.5, 0, 0], np.float32), np.array([2.0, 1.0, 4.0]))
    assert_array_equal(gains, [1 + 0.75 + 2, 4, 1, 0, 0.5, 0])
