"""From a suite to its cells: the smallest pieces of work, each with a key of its settings."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from acqkit.components.resolve import resolve
from acqkit.components.spec import ComponentSpec, StrategySpec
from acqkit.errors import AcqkitError
from suite.config import PoolEntry, StrategyEntry, Suite, TrainerEntry
from suite.locate import Place, locate

FULL = "all labels"
"""How the fully supervised reference is called where strategies are."""

CellKind = Literal["strategy", "full"]


@dataclass(frozen=True)
class Cell:
    """One strategy with one trainer on one pool for one seed.

    `place` is where this machine has the pool; everything that the result depends on is in
    `settings`, from which `key` is made: titles and folders may change and the cell is the same.
    """

    kind: CellKind
    pool: str
    trainer: str
    strategy: str
    seed: int
    place: Place
    settings: dict[str, Any]

    @property
    def key(self) -> str:
        """Sixteen characters that are the same for the same settings, today and tomorrow."""
        text = json.dumps(self.settings, sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Missing:
    """A pool, trainer or strategy of the suite that is not here, and why."""

    kind: Literal["pool", "trainer", "strategy"]
    name: str
    reason: str


@dataclass(frozen=True)
class Work:
    """All cells that can be run, and what had to be left out."""

    cells: list[Cell]
    missing: list[Missing]


def plan_work(suite: Suite, data: Path | None) -> Work:
    """The suite's cells, those of one pool together; `data` is where `data:NAME` pools lie."""
    missing: list[Missing] = []
    trainers = [t for t in suite.trainers if _installed("trainer", t.title, t.spec, missing)]
    for_full = [t for t in suite.full_trainers if _installed("trainer", t.title, t.spec, missing)]
    entries = [e for e in suite.entries if _installed("strategy", e.title, e.spec, missing)]
    cells: list[Cell] = []
    for pool in suite.pools:
        place = locate(pool, data)
        if place.missing:
            missing.append(Missing("pool", pool.title, place.missing))
            continue
        for seed in range(suite.seeds):
            if seed < suite.full_seeds:
                cells += [
                    _full_cell(suite, pool, trainer, seed, place)
                    for trainer in (*trainers, *for_full)
                ]
            for trainer in trainers:
                cells += [_cell(suite, pool, trainer, e, seed, place) for e in entries]
    return Work(cells, missing)


def _installed(
    kind: Literal["trainer", "strategy"],
    title: str,
    spec: ComponentSpec | StrategySpec,
    missing: list[Missing],
) -> bool:
    try:
        resolve(kind, spec)
    except AcqkitError as error:
        missing.append(Missing(kind, title, str(error)))
        return False
    return True


def _cell(
    suite: Suite,
    pool: PoolEntry,
    trainer: TrainerEntry,
    entry: StrategyEntry,
    seed: int,
    place: Place,
) -> Cell:
    settings = _settings(suite, pool, trainer, entry.spec, seed, suite.schedule(pool))
    settings["first_batch"] = entry.first_batch
    return Cell("strategy", pool.title, trainer.title, entry.title, seed, place, settings)


def _full_cell(
    suite: Suite, pool: PoolEntry, trainer: TrainerEntry, seed: int, place: Place
) -> Cell:
    # All labels at once are an initial set of everything.
    schedule = {"initial": "100%", "per_round": 1, "rounds": 0}
    spec = StrategySpec(strategy=ComponentSpec(name="random"))
    settings = _settings(suite, pool, trainer, spec, seed, schedule)
    return Cell("full", pool.title, trainer.title, FULL, seed, place, settings)


def _settings(
    suite: Suite,
    pool: PoolEntry,
    trainer: TrainerEntry,
    spec: StrategySpec,
    seed: int,
    schedule: dict[str, Any],
) -> dict[str, Any]:
    return {
        "pool": ComponentSpec(name=pool.name, params=pool.options).model_dump(mode="json"),
        "model": suite.defaults.model.model_dump(mode="json"),
        "device": suite.defaults.device,
        "trainer": trainer.spec.model_dump(mode="json"),
        "strategy": spec.model_dump(mode="json"),
        "seed": seed,
        **schedule,
    }
