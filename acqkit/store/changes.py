"""The log of changes: how a campaign grew, in rows that are only ever appended.

A change's value is, by its kind:

- `pairs`: `start`, the first position; how many `pairs`, and how many of them `train`; where they
  are from: `pool`, `fingerprint`, `pool_reference`, `pool_from_here`.
- `class`: its `name`; its index is the next one.
- `rename`: the index of the `class`; its new `name`.
- `merge`: the indices of the `classes`; the index of the one `into` which they go; the `name` of
  that one where it is new, else null.

Classes are known by index: an answer keeps the index that it was given, and what that stands for
is a function of the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from acqkit.store.rows import Classes

Kind = Literal["pairs", "class", "rename", "merge"]
"""What a change is: new pairs, a new class, another name for one, several made one."""


@dataclass(frozen=True, slots=True)
class StoredChange:
    """One line of the log, `number` from 1 on.

    `answers` is the number of the latest answer before it, 0 before any; `round` was next then.
    """

    number: int
    kind: Kind
    value: Mapping[str, Any]
    answers: int
    round: int


def merged(changes: Iterable[StoredChange]) -> dict[int, int]:
    """What each class that was merged into another is now, by index."""
    into: dict[int, int] = {}
    for change in changes:
        if change.kind == "merge":
            new = dict.fromkeys(change.value["classes"], change.value["into"])
            into = {old: new.get(now, now) for old, now in into.items()} | new
    return into


def meaning(classes: Classes, into: Mapping[int, int]) -> Classes:
    """What an answer says after mergers; `into` is of `merged`."""
    if not into or classes is None:
        return classes
    return tuple(sorted({into.get(index, index) for index in classes}))
