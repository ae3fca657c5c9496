"""A new kind of component is one row: its hook, its names and its checks follow from it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Protocol

import pytest

from acqkit import Component, hookimpl
from acqkit.components.kinds import KINDS, Kind
from acqkit.components.registry import new_registry
from acqkit.errors import PluginError


class Spice(Protocol):
    """Seasons a dish."""

    def season(self, dish: str) -> str: ...


SPICE = Kind("spice", "acqkit_register_spices", "season", Spice)


class Pepper(Component):
    grains: int = 3

    def season(self, dish: str) -> str:
        return f"{dish} with {self.grains} grains"


@hookimpl
def acqkit_register_spices() -> dict[str, type[Component]]:
    return {"pepper": Pepper}


PLUGIN = SimpleNamespace(acqkit_register_spices=acqkit_register_spices)


def test_a_new_kind_is_one_row() -> None:
    found = new_registry({**KINDS, "spice": SPICE})
    found.add(PLUGIN, "spices", "acqkit-spices", "1.0")
    assert found.names("spice") == ["pepper"]
    pepper = found.make("spice", "pepper", {"grains": 5})
    assert isinstance(pepper, Pepper) and pepper.season("soup") == "soup with 5 grains"
    with pytest.raises(PluginError, match=r"no spice called 'peper'.*did you mean 'pepper'"):
        found.make("spice", "peper")


def test_a_registry_without_the_row_does_not_know_its_hook() -> None:
    with pytest.raises(PluginError, match="unknown hook 'acqkit_register_spices'"):
        new_registry().add(PLUGIN, "spices", "acqkit-spices", "1.0")


def test_an_offer_is_held_to_the_method_of_its_row() -> None:
    @hookimpl
    def register() -> dict[str, type[Component]]:
        return {"salt": Component}

    found = new_registry({"spice": SPICE})
    with pytest.raises(PluginError, match=r"spice 'salt' .* has no method 'season'"):
        found.add(SimpleNamespace(acqkit_register_spices=register), "s", "acqkit-s", "1")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_protocol_has_the_method_of_its_kind(kind: Kind) -> None:
    assert callable(getattr(kind.protocol, kind.method))
