"""Where the pairs of a campaign are from, as its settings and changes say."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acqkit.campaign.classes import ClassTable
from acqkit.store import StoredChange

_KEYS = ("pool", "fingerprint", "pool_reference", "pool_from_here")


@dataclass(frozen=True)
class Source:
    """Pairs from position `start` on, and the pool that they are from."""

    start: int
    pairs: int
    train: int | None
    pool: str
    fingerprint: Mapping[str, Any]
    reference: str | None
    beside: str | None

    @classmethod
    def of(cls, start: int, pairs: int, train: int | None, value: Mapping[str, Any]) -> Source:
        """From the keys that `whereabouts` and the settings have."""
        return cls(start, pairs, train, *(value.get(key) for key in _KEYS))  # type: ignore[arg-type]


def sources(settings: Mapping[str, Any], changes: Sequence[StoredChange]) -> list[Source]:
    """All of them, by their first position."""
    made_with = settings["fingerprint"]
    first = Source.of(0, made_with["pairs"], made_with.get("train"), settings)
    values = [change.value for change in changes if change.kind == "pairs"]
    return [first, *(Source.of(v["start"], v["pairs"], v["train"], v) for v in values)]


def class_table(settings: Mapping[str, Any], changes: Sequence[StoredChange]) -> ClassTable:
    """The classes of a campaign after its changes."""
    return ClassTable.after(settings["fingerprint"]["classes"], changes)


def whereabouts(folder: Path, reference: str | None) -> dict[str, str | None]:
    """Where the pool is: a data set's name, or a path, also as seen from the campaign."""
    if reference is None or not Path(reference).exists():
        return {"pool_reference": reference}
    path = Path(reference).resolve()
    try:
        beside = Path(os.path.relpath(path, folder.resolve())).as_posix()
    except ValueError:  # another drive
        beside = None
    return {"pool_reference": str(path), "pool_from_here": beside}
