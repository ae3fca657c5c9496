"""Rows of the log of changes and of the rosters: every SQL statement about growth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, insert, select

from acqkit.errors import CampaignError
from acqkit.randomness import id_keys
from acqkit.store.changes import Kind, StoredChange
from acqkit.store.rows import FACTS, Roster
from acqkit.store.schema import answers, changes, rosters


def read_changes(connection: Connection) -> list[StoredChange]:
    """Every change, in the order of writing."""
    rows = connection.execute(select(changes).order_by(changes.c.number))
    return [StoredChange(row.number, row.kind, row.value, row.answers, row.round) for row in rows]


def last_change(connection: Connection) -> int:
    """The number of the latest change, 0 before any."""
    return int(connection.execute(select(func.max(changes.c.number))).scalar() or 0)


def last_answer(connection: Connection) -> int:
    """The number of the latest answer, 0 before any."""
    return int(connection.execute(select(func.max(answers.c.number))).scalar() or 0)


def write_change(
    connection: Connection, kind: Kind, value: Mapping[str, Any], round: int, at: str
) -> None:
    """Append to the log; `round` is the next one."""
    row = {"kind": kind, "value": dict(value), "round": round, "at": at}
    connection.execute(insert(changes).values(**row, answers=last_answer(connection)))


def read_rosters(connection: Connection) -> Iterator[Roster]:
    """One after the other, by their first position; raises CampaignError where they do not fit."""
    end, with_ids = 0, False
    keys: list[NDArray[np.uint64]] = []
    rows = connection.execution_options(stream_results=True).execute(
        select(rosters).order_by(rosters.c.start)
    )
    for start, listed, facts in rows:
        if start != end or not isinstance(facts, bytes) or len(facts) % FACTS.itemsize:
            raise _damaged(start)
        roster = Roster(start, listed, np.frombuffer(facts, FACTS))
        with_ids = listed is not None if start == 0 else with_ids
        if (listed is not None) != with_ids:
            raise _damaged(start)
        if listed is not None:
            if not isinstance(listed, list) or {*map(type, listed)} - {int, str}:
                raise _damaged(start)
            if len(listed) != len(roster.facts):
                raise _damaged(start)
            keys.append(_keys(listed))
        end += len(roster.facts)
        yield roster
    # By hashes, since as many objects do not fit: two ids share one once in millions of pools.
    # Sorted, which takes a tenth of the time of np.unique.
    ordered = np.sort(np.concatenate(keys)) if keys else np.zeros(0, np.uint64)
    if (ordered[1:] == ordered[:-1]).any():
        raise _damaged(0)


def _keys(ids: list[Any]) -> NDArray[np.uint64]:
    """Hashes of integers and texts, `[n]`."""
    kinds = {*map(type, ids)}
    fits = kinds == {str} or (kinds == {int} and min(ids) >= -(2**63) and max(ids) < 2**63)
    return id_keys(np.array(ids, None if fits else object))


def _damaged(start: int) -> CampaignError:
    return CampaignError(
        f"the campaign's list of pairs is damaged (from position {start!r} on), which acqkit does "
        "not write so; go on with a backup"
    )


def write_roster(connection: Connection, roster: Roster) -> None:
    """Note by what pairs are found again; once for each start."""
    facts = roster.facts.astype(FACTS).tobytes()
    connection.execute(insert(rosters).values(start=roster.start, ids=roster.ids, facts=facts))
