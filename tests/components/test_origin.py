"""What a plugin raises names it; what it does to the process never looks like success."""

from __future__ import annotations

import types
from typing import Any

import pytest

from acqkit.base import hookimpl
from acqkit.components import origin
from acqkit.components.origin import from_plugin, naming_plugins
from acqkit.components.registry import Registry, new_registry
from acqkit.errors import PluginError, PoolError

SOURCE = """
import sys
from acqkit import Component, hookimpl

class Zebra(Component):
    "Picks stripes."
    def select(self, context, n):
        if n == 0: sys.exit(0)
        return deeper(n)

def deeper(n):
    return [][n]

@hookimpl
def acqkit_register_strategies():
    return {"zebra": Zebra}

@hookimpl
def acqkit_round_finished(record):
    raise ValueError(record)
"""


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry for the test alone."""
    found = new_registry()
    monkeypatch.setattr(origin, "registry", lambda: found)
    return found


@pytest.fixture
def plugin(installed: Registry) -> Any:
    """A plugin module of the distribution `stripes`, the only one that is installed."""
    module = types.ModuleType("zebra_plugin")
    exec(compile(SOURCE, "zebra_plugin.py", "exec"), vars(module))
    installed.add(module, "zebra", "stripes", "1.0")
    return module


def raised(work: Any, *arguments: Any) -> BaseException:
    with pytest.raises(BaseException) as caught:
        work(*arguments)
    return caught.value


def test_a_component_that_raises_is_named_with_its_distribution_and_place(plugin: Any) -> None:
    error = raised(plugin.Zebra().select, None, 1)
    named = from_plugin(error)
    assert isinstance(named, PluginError)
    assert str(named) == (
        "the strategy 'zebra' of stripes raised IndexError: list index out of range "
        "(zebra_plugin.py, line 12); ask its author, or do without it"
    )


def test_a_hook_that_raises_is_named(plugin: Any) -> None:
    error = raised(plugin.acqkit_round_finished, 3)
    assert str(from_plugin(error)).startswith(
        "the hook acqkit_round_finished of stripes raised ValueError: 3"
    )


def test_a_hook_of_the_caller_raises_what_it_raises(plugin: Any, installed: Registry) -> None:
    class Watcher:
        @hookimpl
        def acqkit_round_finished(self, record: Any) -> None:
            raise KeyError(record)

    installed.manager.register(Watcher())
    assert from_plugin(raised(Watcher().acqkit_round_finished, 3)) is None


@naming_plugins()
def run(work: Any, *arguments: Any) -> Any:
    return work(*arguments)


def test_sys_exit_in_a_plugin_is_an_error(plugin: Any) -> None:
    with pytest.raises(PluginError, match=r"'zebra' of stripes called sys.exit\(0\) in the middle"):
        run(plugin.Zebra().select, None, 0)


def test_sys_exit_of_an_object_that_no_plugin_offers_is_an_error(plugin: Any) -> None:
    def leave() -> None:
        raise SystemExit

    with pytest.raises(PluginError, match=r"called sys.exit\(None\) in the middle"):
        run(leave)


def test_what_comes_from_no_plugin_passes_as_it_is(plugin: Any) -> None:
    def fail(error: BaseException) -> None:
        raise error

    for error in (KeyError("ours"), PoolError("on purpose"), KeyboardInterrupt()):
        assert raised(run, fail, error) is error
    assert run(len, [1]) == 1


def test_what_an_engine_brings_from_elsewhere_is_told_as_it_was_there(plugin: Any) -> None:
    error = raised(plugin.deeper, 0)
    told = PluginError("stripes elsewhere")
    for there in (told, None):
        setattr(error, origin.TOLD_BY, there)
        assert from_plugin(error) is there
