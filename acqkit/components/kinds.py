"""The kinds of component, one row each, and the hooks by which plugins take part.

A new kind is one row of `KINDS` and the Protocol that it names: its hook, the registry, the
conformance of what is offered and the command line follow from the row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pluggy

from acqkit.base import PROJECT, Component
from acqkit.interfaces import (
    Allocator,
    Encoder,
    Engine,
    Metric,
    ModelFactory,
    PoolSource,
    Scorer,
    Strategy,
    Trainer,
)

hookspec = pluggy.HookspecMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of component: the hook that offers it and the method that makes it one."""

    name: str
    hook: str
    method: str
    protocol: type
    """What an object of this kind can do; has `method`."""


_ROWS = (
    Kind("scorer", "acqkit_register_scorers", "score", Scorer),
    Kind("allocator", "acqkit_register_allocators", "allocate", Allocator),
    Kind("strategy", "acqkit_register_strategies", "select", Strategy),
    Kind("trainer", "acqkit_register_trainers", "fit", Trainer),
    Kind("model", "acqkit_register_models", "build", ModelFactory),
    Kind("engine", "acqkit_register_engines", "map", Engine),
    Kind("metric", "acqkit_register_metrics", "measure", Metric),
    Kind("encoder", "acqkit_register_encoders", "encode", Encoder),
    Kind("dataset", "acqkit_register_datasets", "load", PoolSource),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ROWS}
"""Every kind by name, in the order in which people are shown them."""


@hookspec
def acqkit_register_presets() -> Mapping[str, Mapping[str, Any]]:
    """Parts of a configuration by one name, such as a strategy with a trainer.

    The key `needs` lists the distributions that a preset's components come from.
    """
    raise AssertionError("a specification is never called")


@hookspec
def acqkit_round_finished(record: Mapping[str, Any]) -> None:
    """Called by the runner after every round with that round's record; read-only."""


def _registering(kind: Kind) -> Callable[..., Any]:
    """The specification of the hook that offers components of one kind."""

    def register() -> Mapping[str, type[Component]]:
        raise AssertionError("a specification is never called")

    register.__name__ = register.__qualname__ = kind.hook
    register.__doc__ = (
        f"Components of kind {kind.name} by name; each a `Component` with "
        f"`{kind.method}`, see `acqkit.interfaces.{kind.protocol.__name__}`."
    )
    return hookspec(register)


def hooks(kinds: Mapping[str, Kind] = KINDS) -> dict[str, Callable[..., Any]]:
    """The specification of every hook by its name: one a kind, then the others."""
    registering = {kind.hook: _registering(kind) for kind in kinds.values()}
    others = (acqkit_register_presets, acqkit_round_finished)
    return registering | {hook.__name__: hook for hook in others}
