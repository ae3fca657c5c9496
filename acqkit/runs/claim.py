"""The claim on an output folder: `run.json` says what the results in it depend on.

What must stay the same is everything that a round's result depends on. What may grow is how
much was run: rounds, seeds and strategies, so that a finished run can be extended.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from acqkit.components.records import unlike_all
from acqkit.errors import ConfigError
from acqkit.files import BusyError, alone, make_folder, write_text
from acqkit.pool import PairPool
from acqkit.pool.digest import content_digests
from acqkit.runs.folder import OutputFolder, StrategyFolder, strategy_name

_SCHEMA = 2

DEFAULT_OUT = "acqkit-run"

UNKNOWN = "(cannot be compared)"
"""Stands for the content of raw items of a kind that does not say what it holds."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class StrategyClaim(_Data):
    """One strategy in an output folder: what it is, where its results lie, how much was asked for.

    `versions` are those of the distributions that it comes from.
    """

    record: dict[str, Any]
    versions: dict[str, str]
    rounds: int
    seeds: list[int]
    folder: str = ""


class Claim(_Data):
    """`shared` is by name what the results of every strategy in the folder depend on.

    `metrics` are versions of the distributions whose metrics were measured; more may come.
    """

    schema_version: Literal[2] = Field(2, alias="schema")
    shared: dict[str, Any]
    metrics: dict[str, str] = {}
    strategies: dict[str, StrategyClaim]


@contextmanager
def claimed(folder: OutputFolder, wanted: Claim) -> Iterator[dict[str, StrategyFolder]]:
    """Hold the output folder for this process while the block runs; gives a folder a strategy.

    An existing claim is extended to what is wanted beside it. Raises ConfigError, naming what
    differs, where the folder's results depend on something else, where less is wanted than it
    holds, where another process works in it or where it is not a run's.
    """
    if folder.is_foreign():
        raise ConfigError(f"{folder.path} exists and is not a run; give another --out")
    make_folder(folder.path)
    with _alone(folder):
        held = _read(folder)
        if held is not None:
            _check(folder, held, wanted)
        strategies = dict(held.strategies) if held else {}
        for label, asked in wanted.strategies.items():
            name = (
                strategies[label].folder
                if label in strategies
                else _name(label, strategies, wanted)
            )
            strategies[label] = asked.model_copy(update={"folder": name})
        metrics = (held.metrics if held else {}) | wanted.metrics
        claim = Claim(shared=wanted.shared, metrics=metrics, strategies=strategies)
        if claim != held:
            write_text(folder.claim, claim.model_dump_json(by_alias=True, indent=1))
        yield {label: folder.strategy(strategies[label].folder) for label in wanted.strategies}


def folder_without_out(wanted: Claim) -> OutputFolder:
    """Where results go that were given no folder: `acqkit-run`, or `acqkit-run-2` and so on.

    The first one that is free or holds exactly what is wanted, so that only the same command
    goes on with what it left.
    """
    numbered = (DEFAULT_OUT + (f"-{number}" if number > 1 else "") for number in itertools.count(1))
    return next(out for name in numbered if _is_ours(out := OutputFolder(Path(name)), wanted))


def _is_ours(folder: OutputFolder, wanted: Claim) -> bool:
    if folder.is_foreign():
        return False
    try:
        held = _read(folder)
    except ConfigError:
        return False
    if held is None:
        return True
    same_names = held.strategies.keys() == wanted.strategies.keys()
    return same_names and not _in_the_way(held, wanted) and not _in_the_way(wanted, held)


def pool_content(pool: PairPool) -> dict[str, str]:
    """What a run depends on of its pool, by the words in which a difference is named."""
    a, b = pool.modalities
    words = {"a": f"{a} features", "b": f"{b} features", "truth": "labels", "group": "groups"}
    words["truth_of"] = "marks of which pairs are labeled"
    words |= {"present_a": f"mask of missing {a}", "present_b": f"mask of missing {b}"}
    digests = content_digests(pool)
    return {words.get(name, name): digest or UNKNOWN for name, digest in digests.items()}


def _name(label: str, strategies: Mapping[str, StrategyClaim], wanted: Claim) -> str:
    taken = [claim.folder for claim in strategies.values()]
    return strategy_name(label, taken, alone=len(wanted.strategies) == 1)


@contextmanager
def _alone(folder: OutputFolder) -> Iterator[None]:
    try:
        with alone(folder.lock):
            yield
    except BusyError:
        raise ConfigError(
            f"another process is running in {folder.path}; wait until it has ended, or give "
            "another --out"
        ) from None
    except sqlite3.OperationalError as error:
        raise ConfigError(f"cannot write {folder.lock}: {error}; give another --out") from None


def _read(folder: OutputFolder) -> Claim | None:
    if not folder.claim.exists():
        return None
    try:
        return Claim.model_validate_json(folder.claim.read_bytes())
    except ValidationError:
        raise ConfigError(
            f"{folder.claim} is not one that this version of acqkit can go on with: it was written "
            "by another version, or damaged; give another --out (`acqkit report` reads the "
            "results that are there)"
        ) from None


def _check(folder: OutputFolder, held: Claim, wanted: Claim) -> None:
    found = _in_the_way(held, wanted)
    if found:
        raise ConfigError(
            f"{folder.path} holds another run ({'; '.join(dict.fromkeys(found))}); give another "
            "--out, or the same settings to go on with it (more rounds, seeds or strategies are "
            "fine)"
        )


def _in_the_way(held: Claim, wanted: Claim) -> list[str]:
    """In words, why a folder that holds one claim cannot be extended to another."""
    found = _differences(held.shared, wanted.shared)
    metrics = {name: wanted.metrics.get(name, held.metrics[name]) for name in held.metrics}
    found += _differences({"versions": held.metrics}, {"versions": metrics})
    for label, asked in wanted.strategies.items():
        if label in held.strategies:
            there = held.strategies[label]
            found += _differences(
                {label: there.record, "versions": there.versions},
                {label: asked.record, "versions": asked.versions},
            )
            found += _less(label, there, asked)
    return found


def _differences(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    found = []
    for key in {**held, **wanted}:
        was, now = held.get(key), wanted.get(key)
        if was == now and not (key == "pool" and _uncomparable(now)):
            continue
        if key == "pool":
            found += [f"the pool has other {name}" for name in _changed(was, now)]
            found += [f"the pool's {name} cannot be compared" for name in _uncomparable(now)]
        elif key == "versions":
            was, now = was or {}, now or {}
            changed = _changed(was, now)
            found += [f"{name} was {was.get(name)}, now {now.get(name)}" for name in changed]
        elif isinstance(now, Mapping) and (reason := unlike_all(now)):
            found.append(f"nobody can tell whether the {key} is the same: {reason}")
        else:
            found.append(f"{key} was {_shown(was)}, now {_shown(now)}")
    return found


def _uncomparable(pool: Mapping[str, Any] | None) -> list[str]:
    return [name for name, digest in (pool or {}).items() if digest == UNKNOWN]


def _changed(was: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> list[str]:
    was, now = was or {}, now or {}
    return [name for name in {**was, **now} if was.get(name) != now.get(name)]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]} ..."


def _less(label: str, there: StrategyClaim, asked: StrategyClaim) -> list[str]:
    found = []
    if asked.rounds < there.rounds:
        found.append(f"rounds of {label} was {there.rounds}, now {asked.rounds}")
    if not set(there.seeds) <= set(asked.seeds):
        found.append(f"seeds of {label} were {_seeds(there.seeds)}, now {_seeds(asked.seeds)}")
    return found


def _seeds(seeds: Sequence[int]) -> str:
    return str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
