"""What an allocation must keep to: quotas, floors and ceilings, a money budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from acqkit import RoundContext
from acqkit.embeddings import IntArray
from acqkit.errors import ConfigError
from acqkit_density.constrained.program import Constraint

_PROBABILITIES = 1 << 21
"""Class probabilities of a modality read at a time: 8 MiB."""


class Rule(BaseModel):
    """One rule for the picks of a round.

    `{by: predicted, name: cat, at_least: 5}`: pairs whose predicted class is cat (multi-label:
    cat is among the predicted ones); `{by: group, name: web, at_most: 30}`: pairs whose
    group in the pool is web; `{by: cost, at_most: 120}`: what the picks cost together. A rule
    by predicted classes or groups without a name holds for each of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: Literal["predicted", "group", "cost"] = Field(description="predicted, group or cost")
    name: str | None = Field(None, description="a class or a group [each of them]")
    at_least: float | None = Field(None, ge=0, description="floor")
    at_most: float | None = Field(None, ge=0, description="ceiling")

    @model_validator(mode="after")
    def _complete(self) -> Rule:
        if self.at_least is None and self.at_most is None:
            raise ValueError("a rule needs at_least, at_most or both")
        if self.by == "cost" and self.name is not None:
            raise ValueError("a rule by cost sums over all picks and takes no name")
        return self

    def over(self, title: str, coefficients: NDArray[np.generic]) -> Constraint:
        """This rule's bounds on one weighted sum of picks."""
        lower = -np.inf if self.at_least is None else self.at_least
        upper = np.inf if self.at_most is None else self.at_most
        return Constraint(title, coefficients.astype(np.float64), lower, upper)


def constraints_of(
    rules: Sequence[Rule], context: RoundContext, candidates: IntArray
) -> list[Constraint]:
    """The rules as linear constraints over `candidates`, positions `[u]`.

    Raises ConfigError naming the class, group or column that the pool has not.
    """
    of = {"predicted": _on_predicted, "group": _on_group, "cost": _on_cost}
    return [constraint for rule in rules for constraint in of[rule.by](rule, context, candidates)]


def _on_predicted(rule: Rule, context: RoundContext, candidates: IntArray) -> list[Constraint]:
    names = context.pool.class_names
    wanted = names if rule.name is None else (rule.name,)
    if missing := set(wanted) - set(names):
        raise ConfigError(
            f"a rule is on predicted class {missing.pop()!r}, which the pool has not; its classes "
            f"are {_some(names)}"
        )
    numbers = np.arange(len(names)) if rule.name is None else np.array([names.index(rule.name)])
    embeddings, parts = context.embeddings.only_probabilities(), []
    # In blocks, since there may be thousands of classes of which one is wanted.
    for block in embeddings.blocks(candidates, max(1, _PROBABILITIES // len(names))):
        p = block.unified_probabilities()
        likely = p[:, numbers] >= 0.5
        parts.append(likely if block.multilabel else p.argmax(axis=1)[:, None] == numbers)
    predicted = np.concatenate(parts)
    return [
        rule.over(f"pairs predicted as {name}", predicted[:, column])
        for column, name in enumerate(wanted)
    ]


def _on_group(rule: Rule, context: RoundContext, candidates: IntArray) -> list[Constraint]:
    if context.pool.group is None:
        raise ConfigError(
            "a rule is on groups, which the pool has not; give it a column group, one value a pair"
        )
    everyone = context.pool.group.astype(str)
    names = np.unique(everyone).tolist()
    if rule.name is not None and rule.name not in names:
        raise ConfigError(
            f"a rule is on group {rule.name!r}, which the pool has not; its groups are "
            f"{_some(names)}"
        )
    wanted = names if rule.name is None else [rule.name]
    return [rule.over(f"pairs of group {name}", everyone[candidates] == name) for name in wanted]


def _on_cost(rule: Rule, context: RoundContext, candidates: IntArray) -> list[Constraint]:
    if context.pool.cost is None:
        raise ConfigError(
            "a rule is on costs, which the pool has not; give it a column cost, one number a pair"
        )
    return [rule.over("cost", context.pool.cost[candidates])]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
