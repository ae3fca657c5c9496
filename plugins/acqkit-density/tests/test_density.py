from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from acqkit_density import Density
from acqkit_density.constrained import Constraint, Program, solve
from acqkit_density.regions import Divergence, RegionPenalty, allocate, target_shares
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from acqkit import Scores
from acqkit.embeddings import Float64Array, IntArray
from acqkit.errors import BudgetError
from acqkit.selection import as_selection
from acqkit.testing import conformance_test, make_context, make_embeddings, make_pool

test_coverage_conforms = conformance_test(Density())
test_regions_conform = conformance_test(Density(form="regions"))
test_both_conform = conformance_test(Density(form="both"))


def objective(utilities: Sequence[Float64Array], penalty: RegionPenalty, picks: IntArray) -> float:
    """The value of taking the best `picks` `[K]` of each region."""
    own = sum(float(best[:count].sum()) for best, count in zip(utilities, picks, strict=True))
    return own - float(penalty.of(np.arange(len(picks)), picks).sum())


@pytest.mark.parametrize("seed", range(10))
def test_the_heap_reaches_the_optimum_of_cvxpy(seed: int) -> None:
    # Ten seeds of twenty instances.
    rng = np.random.default_rng(seed)
    for _ in range(20):
        n, regions = int(rng.integers(1, 60)), int(rng.integers(1, 9))
        region = rng.integers(0, regions, n)
        sizes = np.bincount(region, minlength=regions)
        labeled = rng.integers(0, 6, regions) * (sizes > 0)
        utilities = rng.random(n)
        target = target_shares(sizes + labeled, float(rng.random()))
        weight = float(rng.choice([0.0, rng.random(), 5 * rng.random()]))
        divergence: Divergence = "chi2" if rng.random() < 0.5 else "kl"
        penalty = RegionPenalty(labeled, target, int(rng.integers(1, n + 1)), weight, divergence)
        ordered = [np.sort(utilities[region == k])[::-1] for k in range(regions)]
        picks = allocate(ordered, penalty)
        assert picks.sum() == penalty.budget
        solution = solve(Program(utilities, region, penalty))
        assert_allclose(objective(ordered, penalty, picks), solution.value, atol=1e-6)
        assert_allclose(solution.value, solution.bound, atol=1e-6)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_heap_is_as_good_as_brute_force(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=4).filter(any))
    labeled = np.array([data.draw(st.integers(0, 3)) if size else 0 for size in sizes])
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    penalty = RegionPenalty(
        labeled,
        target_shares(np.array(sizes) + labeled, rng.random()),
        data.draw(st.integers(1, sum(sizes))),
        data.draw(st.sampled_from([0.0, 0.3, 4.0])),
        data.draw(st.sampled_from(["chi2", "kl"])),
    )
    utilities = [np.sort(rng.random(size))[::-1] for size in sizes]
    picks = allocate(utilities, penalty)
    assert picks.sum() == penalty.budget and (picks <= np.array(sizes)).all()
    every = itertools.product(*(range(size + 1) for size in sizes))
    choices = [np.array(choice) for choice in every if sum(choice) == penalty.budget]
    best = max(objective(utilities, penalty, choice) for choice in choices)
    assert_allclose(objective(utilities, penalty, picks), best, atol=1e-9)


def test_shares_follow_sizes_to_the_power_of_alpha() -> None:
    sizes = np.array([1, 0, 3])
    assert_allclose(target_shares(sizes, 1.0), [0.25, 0, 0.75])
    assert_allclose(target_shares(sizes, 0.0), [0.5, 0, 0.5])


def brute_force(program: Program) -> float:
    best = -np.inf
    for chosen in itertools.combinations(range(len(program.utilities)), program.penalty.budget):
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
    penalty = RegionPenalty(np.zeros(3, int), target, 4, 1.0)
    program = Program(rng.random(n), region, penalty, constraints)
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
        ones,
        np.zeros(6, int),
        RegionPenalty(np.zeros(1, int), np.ones(1), 3, 1.0),
        [Constraint("money", 10 * ones, upper=25), Constraint("group a", first, upper=2)],
    )
    with pytest.raises(BudgetError, match=r"3 pairs meets all of: money \(at most 25\); relax"):
        solve(program)


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


@pytest.mark.parametrize("form", ["regions", "coverage", "both"])
def test_pairs_that_wait_for_an_answer_weigh_as_labels_but_are_not_counted_as_such(
    form: str,
) -> None:
    pool = make_pool(200, labeled=20)
    waiting = pool.labels.unlabeled[:12]
    answered = pool.with_labels(
        pool.labels.with_answers(waiting, np.zeros((12, len(pool.class_names)), np.uint8), 0)
    )
    context = make_context(pool, make_embeddings(pool))
    candidates = np.setdiff1d(context.candidates, waiting)
    values = np.random.default_rng(0).random(200).astype(np.float32)
    found = [
        Density(form=form, regions=10).allocate(
            Scores(values), replace(context, pool=known, candidates=candidates), 25
        )
        for known in (pool, answered)
    ]
    assert found[0].positions.tolist() == found[1].positions.tolist()
    tables = [selection.record["allocation"] for selection in found]
    assert [sum(row["labels"] for row in table) for table in tables] == [20, 32]


def test_a_strong_regularization_gives_every_region_its_share() -> None:
    pool = make_pool(300)
    context = make_context(pool, make_embeddings(pool))
    values = np.random.default_rng(0).random(300).astype(np.float32)
    allocator = Density(form="regions", regions=6, weight=1e4)
    result = as_selection(allocator.allocate(Scores(values), context, 60))
    for row in result.record["allocation"]:
        assert abs(row["picked"] - 60 * row["size"] / 300) < 1.01
