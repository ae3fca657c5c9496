"""Where the checks of stores make theirs, and how they say what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from acqkit.errors import CampaignError
from acqkit.store import Classes, NewBatch, Store
from acqkit.testing.subject import ConformanceError, require

SETTINGS: dict[str, Any] = {"seed": 3, "nothing": None, "part": {"params": {"rate": 0.5}}}


@dataclass(frozen=True)
class StoreHome:
    """A folder in which one store can be created once and opened any number of times."""

    folder: Path
    make: Callable[[Path, Mapping[str, Any], Mapping[int, Classes]], Store]
    reopen: Callable[[Path], Store]
    handles: list[Store] = field(default_factory=list)

    def create(self, given: Mapping[int, Classes] | None = None) -> Store:
        """A new store with `SETTINGS`."""
        self.handles.append(self.make(self.folder, SETTINGS, given or {}))
        return self.handles[-1]

    def open(self) -> Store:
        """One more handle on the store that was made."""
        self.handles.append(self.reopen(self.folder))
        return self.handles[-1]


def new_batch(round: int, *positions: int, **others: Any) -> NewBatch:
    """A batch of these positions; `others` are further fields."""
    return NewBatch(round, "random", np.array(positions), **others)


def refused(what: str, call: Callable[[], object]) -> None:
    """That `call` raises CampaignError with one sentence."""
    try:
        call()
    except CampaignError as error:
        require(str(error) and "\n" not in str(error), f"{what} was refused without a sentence")
        return
    raise ConformanceError(f"{what} was accepted, wanted a CampaignError")


def same(got: object, wanted: object, what: str) -> None:
    """That both are equal; `what` says what they are."""
    require(got == wanted, f"{what}: got {got!r}, wanted {wanted!r}")
