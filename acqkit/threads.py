"""The older name of a thread-safe `LocalEngine.map`, until its one user has moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from acqkit.engine.threads import map_in_threads

Item = TypeVar("Item")


def in_threads(work: Callable[[Item], None], items: Iterable[Item]) -> None:
    """Do `work` for all items, in as many threads as torch has."""
    for _ in map_in_threads(work, items):
        pass
