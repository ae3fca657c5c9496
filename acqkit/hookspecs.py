"""The hooks a plugin may implement. Each has a built-in that ships and uses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from acqkit.interfaces import Component

PROJECT = "acqkit"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def acqkit_register_scorers() -> Mapping[str, type[Component]]:  # type: ignore[empty-body]
    """Scorers by name; each a `Component` with `score(block, context)`."""


@hookspec
def acqkit_register_allocators() -> Mapping[str, type[Component]]:  # type: ignore[empty-body]
    """Allocators by name; each a `Component` with `allocate(scores, context, n)`."""


@hookspec
def acqkit_register_strategies() -> Mapping[str, type[Component]]:  # type: ignore[empty-body]
    """Strategies by name; each a `Component` with `select(context, n)`."""


@hookspec
def acqkit_register_trainers() -> Mapping[str, type[Component]]:  # type: ignore[empty-body]
    """Trainers by name; each a `Component` with `fit(model, pool, seed)`."""


@hookspec
def acqkit_register_models() -> Mapping[str, type[Component]]:  # type: ignore[empty-body]
    """Models by name; each a `Component` with `build(pool, device)`."""


@hookspec
def acqkit_register_datasets() -> Mapping[str, type[Component]]:  # type: ignore[empty-body]
    """Data sets by name; each a `Component` with `load()` that returns a pool with truth."""


@hookspec
def acqkit_round_finished(record: Mapping[str, Any]) -> None:
    """Called by the runner after every round with that round's record; read-only."""
