"""Which plugin an exception comes from: the innermost frame of its traceback that is a plugin's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from traceback import walk_tb
from types import FrameType, ModuleType

from acqkit.base import PROJECT
from acqkit.components.kinds import hooks
from acqkit.components.registry import Registry, registry
from acqkit.errors import AcqkitError, PluginError

TOLD_BY = "_acqkit_told_by"
"""Attribute of an error that an engine brings from another process, where its frames stayed: what
`from_plugin` said of it there."""


@contextmanager
def naming_plugins() -> Iterator[None]:
    """What a plugin raises in the block is a PluginError that names it; `sys.exit` always is.

    What acqkit raises on purpose passes, and so does what comes from no plugin.
    """
    try:
        yield
    except AcqkitError:
        raise
    except (Exception, SystemExit) as error:
        named = from_plugin(error)
        if named is None:
            raise
        raise named from error


def from_plugin(error: BaseException) -> PluginError | None:
    """The error that says in a sentence which plugin raised `error`; None where none did."""
    if hasattr(error, TOLD_BY):
        told: PluginError | None = getattr(error, TOLD_BY)
        return told
    found = registry()
    distributions = _distributions(found)
    frames = list(walk_tb(error.__traceback__))
    own = [(frame, line) for frame, line in frames if _package(frame) in distributions]
    if own:
        distribution = distributions[_package(own[-1][0])]
        who = _component([frame for frame, _ in own], found) + distribution
    elif isinstance(error, SystemExit):
        who = "code that is no plugin's"
    else:
        return None
    if isinstance(error, SystemExit):
        did = f"called sys.exit({error.code!r}) in the middle of the work"
    else:
        did = f"raised {type(error).__name__}: {error}"
    frame, line = (own or frames)[-1]
    where = f"{frame.f_code.co_filename}, line {line}"
    return PluginError(f"{who} {did} ({where}); ask its author, or do without it")


def _distributions(found: Registry) -> dict[str, str]:
    """The distribution of every plugin by its top-level package; the core is none."""
    packages = {}
    for name, plugin in found.manager.list_name_plugin():
        distribution, installed, _ = name.partition(":")
        if installed:  # others were registered for a while, by who calls
            module = plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__module__
            packages[module.partition(".")[0]] = distribution
    packages |= {
        offer.factory.__module__.partition(".")[0]: offer.distribution
        for offer in found.components.values()
    }
    packages.pop(PROJECT, None)
    return packages


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _component(frames: Sequence[FrameType], found: Registry) -> str:
    """`the KIND NAME of ` the component or hook in whose frames it happened, the innermost."""
    for frame in reversed(frames):
        owner = type(frame.f_locals.get("self"))
        for offer in found.components.values():
            if offer.factory is owner:
                return f"the {offer.kind} {offer.name!r} of "
        if frame.f_code.co_name in hooks(found.kinds):
            return f"the hook {frame.f_code.co_name} of "
    return ""
