from __future__ import annotations

import itertools

import numpy as np
import pytest
from acqkit_density.coverage import Coverage, greedy, newly_covered
from acqkit_density.kernel import CoverageKernel
from acqkit_density.neighbors import neighbor_graph
from acqkit_density.sample import SampleSizes
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse


def random_coverage(rng: np.random.Generator, n: int, *, covered: int | None = None) -> Coverage:
    """A random kernel, symmetric or, where only some rows are to be covered, of any kind."""
    dense = rng.random((n, n)) * (rng.random((n, n)) < 0.3)
    dense = np.triu(dense, 1) + np.triu(dense, 1).T + np.eye(n) if covered is None else dense
    covers = sparse.csr_matrix(dense[:, :covered])
    kernel = CoverageKernel(covers, covers if covered is None else covers.T.tocsr())
    t = covers.shape[1]
    return Coverage(kernel, rng.random(n) * 0.2, rng.random(t), np.zeros(t))


def plain_value(coverage: Coverage, chosen: list[int], labeled: list[int]) -> float:
    dense = coverage.kernel.covers.toarray()
    covered = dense[chosen + labeled].max(axis=0) if chosen + labeled else np.zeros(dense.shape[1])
    return float(coverage.utilities[chosen].sum() + coverage.weights @ covered)


@pytest.mark.parametrize("covered", [None, 9])
@pytest.mark.parametrize("seed", range(10))
def test_the_greedy_choice_is_the_plain_one_and_within_its_guarantee(
    seed: int, covered: int | None
) -> None:
    n, picks, labeled = 12, 3, [0, 5]
    coverage = random_coverage(np.random.default_rng(seed), n, covered=covered)
    candidates = np.array([i for i in range(n) if i not in labeled])
    chosen: list[int] = []
    for _ in range(picks):
        left = [int(i) for i in candidates if i not in chosen]
        chosen.append(max(left, key=lambda i: plain_value(coverage, [*chosen, i], labeled)))
    found = greedy(coverage.with_picks(np.array(labeled)), candidates, picks)
    assert found.tolist() == chosen
    base = plain_value(coverage, [], labeled)
    values = [
        plain_value(coverage, list(c), labeled) for c in itertools.combinations(candidates, picks)
    ]
    assert plain_value(coverage, chosen, labeled) - base >= (1 - 1 / np.e) * (max(values) - base)


def test_among_ties_the_first_row_is_picked_and_gains_do_not_drift() -> None:
    """Nine points, twenty times each: the greedy choice takes one of each in turn."""
    points = np.repeat(np.eye(9, dtype=np.float32), 20, axis=0)
    graph = neighbor_graph(points, 12, SampleSizes(), np.arange(180) % 3, np.arange(0, 180, 2))
    kernel, weights = CoverageKernel.of(graph, symmetric=False), np.full(90, 1 / 3)
    coverage = Coverage(kernel, np.full(180, 0.5), weights, np.zeros(90))
    picks = greedy(coverage, np.arange(180), 40)
    gains = coverage.utilities[picks] + newly_covered(coverage, picks)[0]
    assert len(set(picks.tolist())) == 40 and (np.diff(gains) <= 1e-9).all()
    for count, gain in enumerate(gains):
        assert_allclose(coverage.with_picks(picks[:count]).gains().max(), gain, atol=1e-9)


@pytest.mark.parametrize("covered", [None, 21])
def test_all_gains_at_once_are_the_gains_one_by_one(covered: int | None) -> None:
    plain = random_coverage(np.random.default_rng(0), 30, covered=covered)
    base = plain_value(plain, [], [3, 4])
    gains = plain.with_picks(np.array([3, 4])).gains()
    assert_allclose(gains, [plain_value(plain, [i], [3, 4]) - base for i in range(30)], atol=1e-12)


def test_quotas_bound_the_picks_of_each_region() -> None:
    coverage = random_coverage(np.random.default_rng(1), 30)
    region, quota = np.arange(30) % 3, np.array([2, 0, 5])
    picks = greedy(coverage, np.arange(30), 9, region=region, quota=quota)
    assert np.bincount(region[picks], minlength=3).tolist() == quota.tolist()
    for count, pick in enumerate(picks.tolist()):
        left = quota > np.bincount(region[picks[:count]], minlength=3)
        open_rows = np.setdiff1d(np.flatnonzero(left[region]), picks[:count])
        gains = coverage.with_picks(picks[:count]).gains()
        assert pick == open_rows[gains[open_rows].argmax()]


@pytest.mark.parametrize("covered", [None, 21])
def test_what_picks_add_one_after_another_is_the_difference_in_value(covered: int | None) -> None:
    coverage = random_coverage(np.random.default_rng(2), 30, covered=covered)
    rows, labeled = np.array([7, 2, 11, 29]), [3, 4]
    added, first = newly_covered(coverage.with_picks(np.array(labeled)), rows)
    dense = coverage.kernel.covers.toarray()
    for count, row in enumerate(rows.tolist()):
        before, after = rows[:count].tolist(), rows[: count + 1].tolist()
        gain = plain_value(coverage, after, labeled) - plain_value(coverage, before, labeled)
        assert_allclose(coverage.utilities[row] + added[count], gain, atol=1e-12)
        near = (dense[row] >= 0.5) & (dense[before + labeled] < 0.5).all(axis=0)
        assert first[count].tolist() == np.flatnonzero(near).tolist()


def test_of_a_sample_the_kernel_has_what_the_graph_says_by_who_covers() -> None:
    rng = np.random.default_rng(0)
    points = rng.standard_normal((60, 3)).astype(np.float32)
    rows = np.sort(rng.choice(60, 35, replace=False))
    # Regions so small that some rows have fewer neighbors than 9.
    sizes = SampleSizes(around=1)
    graph = neighbor_graph(points, 9, sizes, rng.integers(0, 12, 60), rows)
    assert np.isinf(graph.distances).any() and np.isfinite(graph.distances).all(axis=1).any()
    kernel = CoverageKernel.of(graph, symmetric=False)
    wanted = np.zeros((60, 35))
    for j in range(35):
        known = np.isfinite(graph.distances[j])
        near = np.exp(-graph.distances[j, known] / graph.bandwidth())
        wanted[graph.indices[j, known], j] = near
    assert_allclose(kernel.covers.toarray(), wanted, atol=1e-6)
    assert_array_equal(kernel.covers.toarray(), kernel.coverers.toarray().T)
    assert (kernel.covers.data > 0).all()


@pytest.mark.parametrize("by_region", [False, True])
def test_the_kernel_of_all_is_symmetric_and_holds_what_any_row_says(by_region: bool) -> None:
    points = np.random.default_rng(0).standard_normal((90, 4)).astype(np.float32)
    # Of 45 regions of two rows, two are looked at: three others for each row.
    region = np.arange(90) % 45 if by_region else None
    graph = neighbor_graph(points, 7, SampleSizes(around=1), region)
    assert np.isinf(graph.distances).any() == by_region
    wanted = np.eye(90)
    for j in range(90):
        own = np.isfinite(graph.distances[j, 1:])
        others, near = graph.indices[j, 1:], np.exp(-graph.distances[j, 1:] / graph.bandwidth())
        assert (others[~own] == j).all()
        wanted[others[own], j] = wanted[j, others[own]] = near[own]
    kernel = CoverageKernel.of(graph, symmetric=True)
    assert kernel.covers is kernel.coverers and (kernel.covers.data > 0).all()
    assert_array_equal(kernel.covers.toarray(), kernel.covers.T.toarray())
    assert_allclose(kernel.covers.toarray(), wanted, atol=1e-6)
