"""From a form's objective and rules to picks that keep to the rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from acqkit import RoundContext
from acqkit.embeddings import Float64Array, IntArray
from acqkit_density.constrained.program import Program, solve
from acqkit_density.constrained.rules import Rule, constraints_of
from acqkit_density.form import Form
from acqkit_density.view import PoolView


def choose(
    form: Form,
    rules: Sequence[Rule],
    view: PoolView,
    utilities: Float64Array,
    context: RoundContext,
    n: int,
) -> tuple[IntArray, dict[str, Any]]:
    """Rows of `n` picks, the most valuable first, and a record of what each rule came to.

    The record also says by how much the objective could at most be better (`optimality`). Raises
    BudgetError naming the rules that clash.
    """
    own = view.candidates
    constraints = constraints_of(rules, context, view.order[own])
    values = form.values(view, utilities, n)[own]
    solution = solve(Program(values, view.region[own], form.regions.penalty(view, n), constraints))
    best_first = solution.picked[np.argsort(-values[solution.picked], kind="stable")]
    return own[best_first], {
        "constraints": [constraint.met_by(solution.picked) for constraint in constraints],
        "optimality": {"value": solution.value, "bound": solution.bound, "gap": solution.gap},
    }
