"""Names of components are such as people type."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from acqkit import Component, hookimpl
from acqkit.components.registry import new_registry
from acqkit.errors import PluginError


class Named(Component):
    """Never made: only its name is looked at."""


def offering(name: Any, factory: type[Component]) -> Any:
    """A plugin that offers a scorer of this name."""

    @hookimpl(specname="acqkit_register_scorers")
    def implementation() -> Any:
        return {name: factory}

    return SimpleNamespace(acqkit_register_scorers=implementation)


def presetting(name: Any) -> Any:
    """A plugin that offers a preset of this name."""

    @hookimpl(specname="acqkit_register_presets")
    def implementation() -> Any:
        return {name: {}}

    return SimpleNamespace(acqkit_register_presets=implementation)


@pytest.mark.parametrize("name", [5, "z[/x]", "", "a+b", "a b", "-a", "\x1b[31m", None])
def test_a_name_that_nobody_can_type_is_refused(name: Any) -> None:
    found = new_registry()
    with pytest.raises(PluginError, match=r"a scorer is called .*, wanted letters, digits"):
        found.add(offering(name, Named), "entry", "acqkit-x", "1.0")
    with pytest.raises(PluginError, match="a preset is called"):
        found.add(presetting(name), "entry", "acqkit-x", "1.0")
    assert not found.components and not found.presets
