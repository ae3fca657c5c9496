from __future__ import annotations

import itertools
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from acqkit_density import Density
from acqkit_density.constrained import Rule
from acqkit_density.coverage import Coverage, gains_in_order, greedy
from acqkit_density.kernel import CoverageKernel
from pydantic import ValidationError
from scipy import sparse

from acqkit import RoundContext, Scores, Selection
from acqkit.errors import BudgetError, ConfigError
from acqkit.testing import make_context, make_embeddings, make_pool

FORMS = ("coverage", "regions", "both")


def a_round(n: int = 80, *, multilabel: bool = False) -> RoundContext:
    """Groups web and lab by turns, costs 1 to 5 by turns."""
    pool = make_pool(n, 4, multilabel=multilabel, labeled=12)
    rows = np.arange(n)
    pool = replace(
        pool,
        group=np.where(rows % 2 == 1, "web", "lab"),
        cost=(1 + rows % 5).astype(np.float32),
    )
    return make_context(pool, make_embeddings(pool))


def scores_of(context: RoundContext) -> Scores:
    values = np.random.default_rng(3).random(len(context.pool)).astype(np.float32)
    return Scores(values, {})


def picked(density: Density, context: RoundContext, n: int = 10) -> Selection:
    selection = density.allocate(scores_of(context), context, n)
    assert len(set(selection.positions)) == n
    assert set(selection.positions) <= set(context.candidates)
    return selection


def predicted_classes(context: RoundContext) -> np.ndarray:
    return np.asarray(context.embeddings.unified_probabilities().argmax(axis=1))


@pytest.mark.parametrize("form", FORMS)
def test_quotas_and_money_are_kept(form: str) -> None:
    context = a_round()
    name = context.pool.class_names[1]
    rules = (
        Rule(by="group", name="web", at_most=3),
        Rule(by="cost", at_most=25),
        Rule(by="predicted", name=name, at_least=4),
    )
    selection = picked(Density(form=form, constraints=rules), context)
    assert (selection.positions % 2 == 1).sum() <= 3
    assert (1 + selection.positions % 5).sum() <= 25
    assert (predicted_classes(context)[selection.positions] == 1).sum() >= 4
    reported = {row["name"]: row["amount"] for row in selection.record["constraints"]}
    assert reported["cost"] == (1 + selection.positions % 5).sum()
    assert selection.record["optimality"]["gap"] >= 0
    assert sum(row["picked"] for row in selection.record["allocation"]) == 10


def test_every_class_and_every_group() -> None:
    context = a_round()
    rules = (Rule(by="predicted", at_most=5), Rule(by="group", at_least=4))
    selection = picked(Density(constraints=rules), context)
    assert np.bincount(predicted_classes(context)[selection.positions]).max() <= 5
    assert min(np.bincount(selection.positions % 2)) >= 4


def test_multilabel_counts_every_predicted_class() -> None:
    context = a_round(multilabel=True)
    first = context.embeddings.unified_probabilities()[:, 0] >= 0.5
    rule = Rule(by="predicted", name=context.pool.class_names[0], at_most=2)
    selection = picked(Density(constraints=(rule,)), context)
    assert first[selection.positions].sum() <= 2


@pytest.mark.parametrize("form", ("coverage", "regions"))
def test_a_constraint_that_binds_nothing_changes_nothing(form: str) -> None:
    context = a_round()
    idle = (Rule(by="predicted", at_most=1000),)
    free = picked(Density(form=form, regions=6), context)
    bound = picked(Density(form=form, regions=6, constraints=idle), context)
    assert set(bound.positions) == set(free.positions)
    assert bound.record["optimality"]["gap"] < 1e-6


def test_constrained_regions_are_as_good_as_brute_force() -> None:
    context = a_round(20)
    rule = Rule(by="cost", at_most=5)
    density = Density(form="regions", regions=1, weight=0.0, constraints=(rule,))
    chosen = picked(density, context, 3)
    values = scores_of(context).values
    best = max(
        values[list(some)].sum()
        for some in itertools.combinations(context.candidates, 3)
        if sum(1 + p % 5 for p in some) <= 5
    )
    assert values[chosen.positions].sum() == pytest.approx(best, abs=1e-5)


def test_clashing_rules_are_named() -> None:
    context = a_round()
    rules = (
        Rule(by="group", name="web", at_most=3),
        Rule(by="group", name="lab", at_most=3),
        Rule(by="cost", at_most=50),
    )
    density = Density(constraints=rules)
    with pytest.raises(BudgetError, match=r"group web .*at most 3.*group lab") as caught:
        density.allocate(scores_of(context), context, 10)
    assert "cost" not in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"by": "predicted", "name": "unicorn", "at_least": 1}, "'unicorn', which the pool has"),
        ({"by": "group", "name": "moon", "at_least": 1}, "its groups are lab, web"),
    ],
)
def test_rules_on_what_is_not_there_say_so(rule: dict[str, object], message: str) -> None:
    context = a_round()
    density = Density(constraints=(Rule.model_validate(rule),))
    with pytest.raises(ConfigError, match=message):
        density.allocate(scores_of(context), context, 5)


@pytest.mark.parametrize("column", ["group", "cost"])
def test_a_pool_without_the_column_says_so(column: str) -> None:
    pool = make_pool(40, 4, labeled=12)
    context = make_context(pool, make_embeddings(pool))
    rule = Rule.model_validate({"by": column, "at_most": 9})
    with pytest.raises(ConfigError, match=f"give it a column {column}"):
        Density(constraints=(rule,)).allocate(scores_of(context), context, 5)


@pytest.mark.parametrize(
    "rule",
    [
        {"at_most": 3},
        {"by": "predicted"},
        {"by": "planet", "at_most": 1},
        {"by": "cost", "name": "5", "at_most": 1},
    ],
)
def test_incomplete_rules_are_refused(rule: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate(rule)


def test_gains_in_order_sum_to_what_the_greedy_choice_covers() -> None:
    half = sparse.random(40, 40, 0.15, random_state=0)
    kernel = half.maximum(half.T).tolil()
    kernel.setdiag(1.0)
    both = kernel.tocsr()
    coverage = Coverage(CoverageKernel(both, both), np.zeros(40), np.ones(40), np.zeros(40))
    gains, order = gains_in_order(coverage, np.arange(40), 12), greedy(coverage, np.arange(40), 12)
    assert gains[order].sum() == pytest.approx(coverage.with_picks(order).value())
    assert (np.sort(gains[order])[::-1] == gains[order]).all()
    assert gains[np.setdiff1d(np.arange(40), order)].max() <= gains[order].min() + 1e-12


def test_the_rules_that_the_readme_shows_are_read_from_yaml() -> None:
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    shown = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    (rules,) = [block["allocator"]["constraints"] for block in shown if "allocator" in block]
    found = Density(constraints=rules).constraints
    assert [rule.by for rule in found] == ["predicted", "predicted", "group", "group", "cost"]
