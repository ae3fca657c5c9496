"""Built-in trainers pass the kit that is asked of third parties; for the rest see strategies/."""

from __future__ import annotations

import pytest

from acqkit.components.registry import registry
from acqkit.interfaces import Component
from acqkit.testing import Check, parametrize_with_checks

BUILT_IN: dict[str, set[str]] = {
    "scorer": {"bald", "entropy", "least-confidence", "margin"},
    "allocator": {"top"},
    "strategy": {"badge", "coreset", "kmeans", "max-herding", "probcover", "random", "typiclust"},
    "trainer": {"supervised"},
}


# Nothing that is checked takes long training.
QUICK: dict[str, dict[str, float]] = {"supervised": {"epochs": 2.0, "min_steps": 20}}


def _of_acqkit(kind: str) -> dict[str, Component]:
    found = registry()
    return {
        name: found.make(kind, name, QUICK.get(name))
        for name in found.names(kind)
        if found.get(kind, name).distribution == "acqkit"
    }


@pytest.mark.parametrize("kind", BUILT_IN)
def test_all_built_ins_are_on_offer(kind: str) -> None:
    assert BUILT_IN[kind] <= set(_of_acqkit(kind))


# The kit's model has no fit of its own but that of `supervised`: see models/test_given_trainers.
@parametrize_with_checks({k: v for k, v in _of_acqkit("trainer").items() if k != "own-fit"})
def test_trainer(component: Component, check: Check) -> None:
    check(component)
