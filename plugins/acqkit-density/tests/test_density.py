from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from acqkit_density import Density
from acqkit_density import covering as covering_module
from acqkit_density import graph as graph_module
from acqkit_density.coverage import Coverage, greedy
from acqkit_density.covering import Covering, greedy_at_once
from acqkit_density.graph import by_number, neighbor_graph
from acqkit_density.program import Constraint, Program, solve
from acqkit_density.regions import Divergence, RegionProblem, allocate, target_shares
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from acqkit import Scores
from acqkit.errors import BudgetError
from acqkit.selection import as_selection
from acqkit.testing import conformance_test, make_context, make_embeddings, make_pool

test_coverage_conforms = conformance_test(Density())
test_regions_conform = conformance_test(Density(form="regions"))
test_both_conform = conformance_test(Density(form="both"))


def random_problem(
    rng: np.random.Generator, regions: int, most: int
) -> tuple[RegionProblem, Program] | None:
    """The same random allocation problem for the heap and for cvxpy."""
    n = int(rng.integers(1, most))
    region = rng.integers(0, regions, n)
    sizes = np.bincount(region, minlength=regions)
    labeled = rng.integers(0, 6, regions) * (sizes > 0)
    budget = int(rng.integers(1, n + 1))
    utilities = rng.random(n)
    target = target_shares(sizes + labeled, float(rng.random()))
    weight = float(rng.choice([0.0, rng.random(), 5 * rng.random()]))
    divergence: Divergence = "chi2" if rng.random() < 0.5 else "kl"
    ordered = [np.sort(utilities[region == k])[::-1] for k in range(regions)]
    problem = RegionProblem(ordered, labeled, target, budget, weight, divergence)
    program = Program(utilities, region, labeled, target, budget, weight, divergence)
    return problem, program


@pytest.mark.parametrize("seed", range(10))
def test_the_heap_reaches_the_optimum_of_cvxpy(seed: int) -> None:
    # Ten seeds of twenty instances.
    rng = np.random.default_rng(seed)
    for _ in range(20):
        made = random_problem(rng, regions=int(rng.integers(1, 9)), most=60)
        assert made is not None
        problem, program = made
        picks = allocate(problem)
        assert picks.sum() == problem.budget
        solution = solve(program)
        assert_allclose(problem.objective(picks), solution.value, atol=1e-6)
        assert_allclose(solution.value, solution.bound, atol=1e-6)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_heap_is_as_good_as_brute_force(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=4).filter(any))
    count = len(sizes)
    total = sum(sizes)
    labeled = np.array([data.draw(st.integers(0, 3)) if size else 0 for size in sizes])
    lower = np.array([data.draw(st.integers(0, min(size, 2))) for size in sizes])
    upper = np.array(
        [data.draw(st.integers(low, size)) for low, size in zip(lower, sizes, strict=True)]
    )
    budget = data.draw(st.integers(1, total))
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    problem = RegionProblem(
        [np.sort(rng.random(size))[::-1] for size in sizes],
        labeled,
        target_shares(np.array(sizes) + labeled, rng.random()),
        budget,
        data.draw(st.sampled_from([0.0, 0.3, 4.0])),
        data.draw(st.sampled_from(["chi2", "kl"])),
        lower,
        upper,
    )
    ranges = [range(low, high + 1) for low, high in zip(lower, upper, strict=True)]
    choices = [np.array(c) for c in itertools.product(*ranges) if sum(c) == budget]
    if not choices:
        with pytest.raises(BudgetError, match=r"floors ask for|ceilings allow"):
            allocate(problem)
        return
    picks = allocate(problem)
    assert len(picks) == count and picks.sum() == budget
    assert (picks >= lower).all() and (picks <= upper).all()
    best = max(problem.objective(choice) for choice in choices)
    assert_allclose(problem.objective(picks), best, atol=1e-9)


def test_a_floor_above_what_a_region_has_names_the_region() -> None:
    problem = RegionProblem(
        [np.ones(2), np.ones(3)], np.zeros(2, int), np.array([0.5, 0.5]), 2, 1.0,
        lower=np.array([0, 4]),
    )  # fmt: skip
    with pytest.raises(BudgetError, match="region 1 has a floor of 4 but at most 3"):
        allocate(problem)


def test_shares_follow_sizes_to_the_power_of_alpha() -> None:
    sizes = np.array([1, 0, 3])
    assert_allclose(target_shares(sizes, 1.0), [0.25, 0, 0.75])
    assert_allclose(target_shares(sizes, 0.0), [0.5, 0, 0.5])


def brute_force(program: Program) -> float:
    best = -np.inf
    for chosen in itertools.combinations(range(len(program.utilities)), program.budget):
        picked = np.zeros(len(program.utilities))
        picked[list(chosen)] = 1
        amounts = [float(c.coefficients @ picked) for c in program.constraints]
        inside = [
            c.lower - 1e-9 <= amount <= c.upper + 1e-9
            for c, amount in zip(program.constraints, amounts, strict=True)
        ]
        if all(inside):
            best = max(best, program.value(picked))
    return best


@pytest.mark.parametrize("seed", range(12))
def test_constraints_are_met_as_well_as_brute_force_meets_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 9
    prices = rng.uniform(1, 5, n)
    group = (rng.random(n) < 0.4).astype(float)
    group[0] = 1.0
    constraints = [
        Constraint("group b", group, lower=1),
        Constraint("money", prices, upper=float(np.sort(prices)[:5].sum() + 1)),
    ]
    region = rng.integers(0, 3, n)
    target = target_shares(np.bincount(region, minlength=3), 1.0)
    program = Program(
        rng.random(n), region, np.zeros(3, int), target, 4, 1.0, constraints=constraints
    )
    best = brute_force(program)
    if best == -np.inf:
        with pytest.raises(BudgetError):
            solve(program)
        return
    solution = solve(program)
    assert len(solution.picked) == 4
    assert group[solution.picked].sum() >= 1
    assert prices[solution.picked].sum() <= constraints[1].upper + 1e-6
    assert_allclose(solution.value, best, atol=1e-6)
    assert solution.bound >= best - 1e-6 and solution.gap >= 0


def test_constraints_that_clash_are_named_and_only_those() -> None:
    ones = np.ones(6)
    first = np.array([1.0, 1, 0, 0, 0, 0])
    program = Program(
        ones, np.zeros(6, int), np.zeros(1, int), np.ones(1), 3, 1.0,
        constraints=[
            Constraint("money", 10 * ones, upper=25),
            Constraint("group a", first, upper=2),
        ],
    )  # fmt: skip
    with pytest.raises(BudgetError, match=r"3 pairs meets all of: money \(at most 25\); relax"):
        solve(program)


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


def test_a_graph_by_regions_is_the_exact_one_where_rows_are_few() -> None:
    points = np.random.default_rng(0).standard_normal((90, 4)).astype(np.float32)
    by_region, whole = neighbor_graph(points, 7, np.arange(90) % 5), neighbor_graph(points, 7)
    assert_allclose(np.sort(by_region.distances, axis=1), whole.distances, atol=1e-4)
    assert_array_equal(np.sort(by_region.indices, axis=1), np.sort(whole.indices, axis=1))


def test_a_graph_by_regions_is_exact_within_a_region_and_the_nearest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(graph_module, "_AROUND", 1)
    rng = np.random.default_rng(0)
    points = rng.standard_normal((60, 4)).astype(np.float32)
    region = np.repeat([0, 1, 2], [40, 18, 2])[rng.permutation(60)]
    means = np.stack([points[region == k].mean(axis=0) for k in range(3)])
    between = ((means[:, None] - means[None]) ** 2).sum(axis=2) + np.diag([np.inf] * 3)
    graph = neighbor_graph(points, 25, region)
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
    whole, some = (neighbor_graph(points, 7, region, rows) for rows in (None, asked))
    assert_array_equal(np.sort(some.indices, axis=1), np.sort(whole.indices[asked], axis=1))
    assert_array_equal(some.indices[:, 0], asked)


@pytest.mark.parametrize("by_region", [False, True])
def test_the_kernel_of_all_is_symmetric_and_holds_what_any_row_says(
    by_region: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_module, "_AROUND", 1)
    points = np.random.default_rng(0).standard_normal((90, 4)).astype(np.float32)
    # Of 45 regions of two rows, two are looked at: three others for each row.
    graph = neighbor_graph(points, 7, np.arange(90) % 45 if by_region else None)
    assert np.isinf(graph.distances).any() == by_region
    wanted = np.eye(90)
    for j in range(90):
        own = np.isfinite(graph.distances[j, 1:])
        others, near = graph.indices[j, 1:], np.exp(-graph.distances[j, 1:] / graph.bandwidth())
        assert (others[~own] == j).all()
        wanted[others[own], j] = wanted[j, others[own]] = near[own]
    kernel = graph.kernel()
    assert (kernel.data > 0).all()
    assert_array_equal(kernel.toarray(), kernel.T.toarray())
    assert_allclose(kernel.toarray(), wanted, atol=1e-6)


def test_where_no_row_has_enough_neighbors_those_there_are_say_how_far_they_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(graph_module, "_AROUND", 1)
    points = np.random.default_rng(0).standard_normal((90, 4)).astype(np.float32)
    graph = neighbor_graph(points, 7, np.arange(90) % 45)
    assert np.isinf(graph.distances).any(axis=1).all()
    farthest = np.where(np.isinf(graph.distances), 0, graph.distances).max(axis=1)
    assert_allclose(graph.bandwidth(), np.median(farthest))


def test_rows_by_number_are_those_of_a_stable_sort() -> None:
    numbers = np.random.default_rng(0).integers(0, 9, 500)
    assert_array_equal(by_number(numbers), np.argsort(numbers, kind="stable"))


def test_of_rows_that_are_equally_near_no_more_than_asked_for_are_neighbors() -> None:
    points = np.repeat(np.eye(3, dtype=np.float32), 10, axis=0)
    graph = neighbor_graph(points, 12, np.zeros(30, dtype=np.int64))
    for i in range(30):
        own = set(range(10 * (i // 10), 10 * (i // 10) + 10)) - {i}
        others = graph.indices[i, 1:].tolist()
        assert own < set(others)
        assert len(set(others)) == 12
        assert i not in others


@pytest.mark.parametrize("packed", [4096, 64])
@pytest.mark.parametrize("k", [1, 20, 130])
def test_the_smallest_of_many_columns(packed: int, k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_module, "_PACKED", packed)
    values = np.random.default_rng(0).random((9, 1300), np.float32) ** 4
    values[:, 3] = -1e-9
    values[:, 5] = np.inf
    found = graph_module._smallest(values, k)
    assert found.shape == (9, k) and all(len(set(row)) == k for row in found.tolist())
    wanted = np.sort(abs(values), axis=1)[:, :k]
    # The last 11 of 24 bits are not compared.
    assert_allclose(np.sort(abs(np.take_along_axis(values, found, 1)), 1), wanted, rtol=2**-12)


def test_in_several_threads_the_graph_is_the_same() -> None:
    points = np.random.default_rng(0).standard_normal((3000, 4)).astype(np.float32)
    region, before = np.arange(3000) % 40, torch.get_num_threads()
    one = neighbor_graph(points, 20, region)
    torch.set_num_threads(3)
    try:
        several = neighbor_graph(points, 20, region)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert_array_equal(several.indices, one.indices)
    assert_array_equal(several.distances, one.distances)


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


@pytest.mark.parametrize("form", ["regions", "coverage", "both"])
def test_the_allocation_table_adds_up(form: str) -> None:
    pool = make_pool(200, labeled=20)
    context = make_context(pool, make_embeddings(pool))
    values = np.full(200, -np.inf, np.float32)
    values[context.candidates] = np.random.default_rng(0).random(180)
    result = as_selection(Density(form=form, regions=10).allocate(Scores(values), context, 25))
    table = result.record["allocation"]
    assert sum(row["size"] for row in table) == 200
    assert sum(row["labels"] for row in table) == 20
    assert sum(row["picked"] for row in table) == 25
    assert_allclose(sum(row["target"] for row in table), 1, atol=1e-4)


def test_a_strong_regularization_gives_every_region_its_share() -> None:
    pool = make_pool(300)
    context = make_context(pool, make_embeddings(pool))
    values = np.random.default_rng(0).random(300).astype(np.float32)
    allocator = Density(form="regions", regions=6, weight=1e4)
    result = as_selection(allocator.allocate(Scores(values), context, 60))
    for row in result.record["allocation"]:
        assert abs(row["picked"] - 60 * row["size"] / 300) < 1.01
