"""The allocation under quotas, floors, ceilings and a money budget, by a solver."""

from acqkit_density.constrained.choice import choose
from acqkit_density.constrained.program import Constraint, Program, Solution, solve
from acqkit_density.constrained.rules import Rule, constraints_of

__all__ = [
    "Constraint",
    "Program",
    "Rule",
    "Solution",
    "choose",
    "constraints_of",
    "solve",
]
