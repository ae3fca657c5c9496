"""Every built-in scorer, allocator and strategy passes the kit that plugin authors use."""

from __future__ import annotations

import pytest

from acqkit.components.registry import registry
from acqkit.interfaces import Component
from acqkit.strategies import (
    acqkit_register_allocators,
    acqkit_register_scorers,
    acqkit_register_strategies,
)
from acqkit.testing.conformance import Check, parametrize_with_checks

SCORERS = acqkit_register_scorers()
ALLOCATORS = acqkit_register_allocators()
STRATEGIES = acqkit_register_strategies()


@parametrize_with_checks(
    {name: make() for name, make in {**SCORERS, **ALLOCATORS, **STRATEGIES}.items()}
)
def test_conformance(component: Component, check: Check) -> None:
    check(component)


@pytest.mark.parametrize(
    ("kind", "offers"),
    [("scorer", SCORERS), ("allocator", ALLOCATORS), ("strategy", STRATEGIES)],
)
def test_found_through_the_entry_point(kind: str, offers: dict[str, type[Component]]) -> None:
    for name, factory in offers.items():
        found = registry().get(kind, name)
        assert found.factory is factory
        assert found.distribution == "acqkit"
        assert factory.__doc__ and "Component" not in factory.__doc__
        for field, about in factory.model_fields.items():
            assert about.description, f"{name}: {field} is not described"
