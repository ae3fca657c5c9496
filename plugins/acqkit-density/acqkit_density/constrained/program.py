"""The allocation as a cvxpy program, with any linear constraints.

Quotas by predicted class or by group, floors and ceilings, costs with a money budget. The
relaxation s ∈ [0, 1] is solved; where it is not integral already, integers that meet every
constraint are found by branch and bound, and the gap to the relaxation is reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from acqkit.embeddings import Float64Array, IntArray
from acqkit.errors import BudgetError
from acqkit_density.regions import RegionPenalty

_TOLERANCE = 1e-7
"""How far an indicator may be from 0 or 1 and still be taken for it; solvers are exact to 1e-9 or
so."""


@dataclass(frozen=True, eq=False)
class Constraint:
    """`lower ≤ Σ_i coefficients_i · s_i ≤ upper`, with the name that an error gives it.

    coefficients `[u]`, one a candidate: 1 for members of a quota, the price for a budget.
    """

    name: str
    coefficients: Float64Array
    lower: float = -np.inf
    upper: float = np.inf

    def met_by(self, picked: IntArray) -> dict[str, Any]:
        """What the picks (indices into the candidates) come to, beside what was asked."""
        return {
            "name": self.name,
            "at_least": float(self.lower) if np.isfinite(self.lower) else None,
            "at_most": float(self.upper) if np.isfinite(self.upper) else None,
            "amount": float(self.coefficients[picked].sum()),
        }

    def __str__(self) -> str:
        parts = []
        if np.isfinite(self.lower):
            parts.append(f"at least {self.lower:g}")
        if np.isfinite(self.upper):
            parts.append(f"at most {self.upper:g}")
        return f"{self.name} ({' and '.join(parts)})"


@dataclass(frozen=True, eq=False)
class Program:
    """Candidates with utilities `[u]` and regions `[u]`, and what bounds and prices a choice."""

    utilities: Float64Array
    region: IntArray
    penalty: RegionPenalty
    constraints: Sequence[Constraint] = ()

    def value(self, picked: IntArray | Float64Array) -> float:
        """The objective of picks given as 0/1 (or relaxed) indicators `[u]`."""
        regions = np.arange(len(self.penalty.target))
        counts = np.bincount(self.region, picked, len(regions)).astype(np.float64)
        return float(self.utilities @ picked) - float(self.penalty.of(regions, counts).sum())


@dataclass(frozen=True, eq=False)
class Solution:
    """Picks as indices into the candidates, with what the relaxation says they could reach."""

    picked: IntArray
    value: float
    bound: float

    @property
    def gap(self) -> float:
        """How much better than these picks any choice could be at most."""
        return max(0.0, self.bound - self.value)


def solve(program: Program, seconds: float = 60.0) -> Solution:
    """Relax and solve; where the relaxation is not integral, branch and bound for `seconds`.

    The divergence is interpolated linearly between integer counts, which changes nothing at
    integers, keeps the program linear and, without further constraints, makes the
    relaxation integral (it is a network flow).

    Raises BudgetError naming a smallest set of constraints that clash when there is no
    choice that meets all of them.
    """
    relaxed, bound = _optimize(program, program.constraints)
    if relaxed is None:
        raise BudgetError(_explain(program))
    choice = np.round(relaxed)
    if np.abs(relaxed - choice).max() > _TOLERANCE:
        integral, _ = _optimize(program, program.constraints, integral=True, seconds=seconds)
        if integral is None:
            raise BudgetError(_explain(program))
        choice = np.round(integral)
    return Solution(np.flatnonzero(choice), program.value(choice), bound)


def _optimize(
    program: Program,
    constraints: Sequence[Constraint],
    *,
    integral: bool = False,
    seconds: float = 60.0,
) -> tuple[Float64Array | None, float]:
    """Optimal indicators `[u]` (relaxed unless `integral`) and the objective, or None."""
    # cvxpy takes a second to import, for which nobody needs to wait who sets no constraint.
    import cvxpy as cp  # noqa: PLC0415

    u, regions = len(program.utilities), len(program.penalty.target)
    s = cp.Variable(u, boolean=integral)
    members = sparse.csr_matrix((np.ones(u), (program.region, np.arange(u))), shape=(regions, u))
    region, slope, base = _increments(program)
    step = cp.Variable(len(region), nonneg=True)
    steps = sparse.csr_matrix(
        (np.ones(len(region)), (region, np.arange(len(region)))), shape=(regions, len(region))
    )
    spent = np.ones(u) @ s
    limits = [
        s >= 0,
        s <= 1,
        step <= 1,
        spent == program.penalty.budget,
        members @ s == steps @ step,
    ]
    for constraint in constraints:
        amount = constraint.coefficients @ s
        if np.isfinite(constraint.lower):
            limits.append(amount >= constraint.lower)
        if np.isfinite(constraint.upper):
            limits.append(amount <= constraint.upper)
    problem = cp.Problem(cp.Maximize(program.utilities @ s - slope @ step - base), limits)
    problem.solve(solver=cp.HIGHS, time_limit=seconds)  # type: ignore[no-untyped-call]
    if s.value is None:
        return None, -np.inf
    return np.clip(np.asarray(s.value, dtype=np.float64), 0.0, 1.0), float(problem.value)


def _increments(program: Program) -> tuple[IntArray, Float64Array, float]:
    """The penalty as unit steps: region `[t]` and rise `[t]` of each, and the value at none."""
    sizes = np.bincount(program.region, minlength=len(program.penalty.target))
    counts = np.minimum(sizes, program.penalty.budget)
    region = np.repeat(np.arange(len(counts)), counts)
    taken = np.arange(len(region)) - np.repeat(np.cumsum(counts) - counts, counts)
    rise = program.penalty.of(region, taken + 1) - program.penalty.of(region, taken)
    every = np.arange(len(counts))
    return region, rise, float(program.penalty.of(every, np.zeros(len(counts))).sum())


def _explain(program: Program) -> str:
    """Name a smallest clashing set: drop constraints one by one while the rest still clash."""
    clash = list(program.constraints)
    for constraint in program.constraints:
        rest = [c for c in clash if c is not constraint]
        if not _feasible(program, rest):
            clash = rest
    names = "; ".join(str(constraint) for constraint in clash)
    return (
        f"no choice of {program.penalty.budget} pairs meets all of: "
        f"{names or 'the budget alone'}; relax one of them"
    )


def _feasible(program: Program, constraints: Sequence[Constraint]) -> bool:
    return _optimize(program, constraints, integral=True)[0] is not None
