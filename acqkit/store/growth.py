"""Rows of the log of changes and of the rosters: every SQL statement about growth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, insert, select

from acqkit.errors import CampaignError
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


def read_rosters(connection: Connection) -> list[Roster]:
    """All of them, by their first position; raises CampaignError where they do not fit."""
    found: list[Roster] = []
    ids: set[Any] = set()
    for start, listed, facts in connection.execute(select(rosters).order_by(rosters.c.start)):
        follows = start == sum(len(each.facts) for each in found)
        if not follows or not isinstance(facts, bytes) or len(facts) % FACTS.itemsize:
            raise _damaged(start)
        found.append(Roster(start, listed, np.frombuffer(facts, FACTS)))
        if (listed is None) != (found[0].ids is None):
            raise _damaged(start)
        if listed is not None:
            if not isinstance(listed, list) or {*map(type, listed)} - {int, str}:
                raise _damaged(start)
            ids.update(listed)
            if len(listed) != len(found[-1].facts) or len(ids) != start + len(listed):
                raise _damaged(start)
    return found


def _damaged(start: int) -> CampaignError:
    return CampaignError(
        f"the campaign's list of pairs is damaged (from position {start!r} on), which acqkit does "
        "not write so; go on with a backup"
    )


def write_roster(connection: Connection, roster: Roster) -> None:
    """Note by what pairs are found again; once for each start."""
    facts = roster.facts.astype(FACTS).tobytes()
    connection.execute(insert(rosters).values(start=roster.start, ids=roster.ids, facts=facts))
