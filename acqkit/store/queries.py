"""Rows in, rows out: every SQL statement of the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, exists, func, insert, select, true

from acqkit.embeddings import IntArray
from acqkit.store.rows import Classes, NewBatch, NewTraining, StoredAnswer, StoredBatch
from acqkit.store.schema import answers, batches, items, records, settings

_TRAINING = "latest training"
"""The key beside the settings under which the latest training is; schema 1 has no other table."""


def now() -> str:
    """The time as text that sorts."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_settings(connection: Connection) -> dict[str, Any]:
    """What the campaign was made with."""
    found = select(settings).where(settings.c.key != _TRAINING)
    return {row.key: row.value for row in connection.execute(found)}


def write_settings(connection: Connection, values: Mapping[str, Any]) -> None:
    """Write what the campaign is made with, once."""
    connection.execute(insert(settings), [{"key": k, "value": v} for k, v in values.items()])


def next_round(connection: Connection) -> int:
    """The first round that nobody has used."""
    last = connection.execute(select(func.max(batches.c.round))).scalar()
    return 0 if last is None else int(last) + 1


def taken_positions(connection: Connection) -> IntArray:
    """Positions that are in some batch, ascending."""
    rows = connection.execute(select(items.c.position).order_by(items.c.position))
    return np.array(rows.scalars().all(), dtype=np.int64)


def answers_log(connection: Connection, round: int | None = None) -> Iterator[StoredAnswer]:
    """Every answer ever given (to the pairs of one round), in the order of writing."""
    statement = (
        select(
            answers.c.position,
            items.c.round,
            answers.c.revision,
            answers.c.annotator,
            answers.c.classes,
        )
        .join(items, items.c.position == answers.c.position)
        .order_by(answers.c.number)
    )
    if round is not None:
        statement = statement.where(items.c.round == round)
    for position, round, revision, annotator, classes in connection.execute(statement):
        given = None if classes is None else tuple(classes)
        yield StoredAnswer(position, round, revision, annotator, given)


def insert_batch(
    connection: Connection, batch: NewBatch, batch_id: str, given: bool = False
) -> None:
    """One batch with its pairs; IntegrityError if the round or a pair is taken."""
    connection.execute(
        insert(batches).values(
            round=batch.round,
            batch_id=batch_id,
            strategy=batch.strategy,
            given=given,
            record=dict(batch.record),
            embeddings=batch.embeddings,
            at=now(),
        )
    )
    scores = [None] * len(batch.positions) if batch.scores is None else batch.scores.tolist()
    terms = {name: values.tolist() for name, values in batch.terms.items()}
    connection.execute(
        insert(items),
        [
            {
                "position": position,
                "round": batch.round,
                "rank": rank,
                "score": score,
                "terms": {name: values[rank] for name, values in terms.items()},
            }
            for rank, (position, score) in enumerate(
                zip(batch.positions.tolist(), scores, strict=True)
            )
        ],
    )


def insert_answers(
    connection: Connection, added: Sequence[tuple[int, int, Classes]], annotator: str
) -> None:
    """Append to the log: (position, revision, classes)."""
    if not added:
        return
    at = now()
    connection.execute(
        insert(answers),
        [
            {
                "position": position,
                "revision": revision,
                "annotator": annotator,
                "classes": None if classes is None else list(classes),
                "at": at,
            }
            for position, revision, classes in added
        ],
    )


def read_batches(connection: Connection, batch_id: str | None = None) -> list[StoredBatch]:
    """Every batch (or the one with that id), by round."""
    chosen = true() if batch_id is None else batches.c.batch_id == batch_id
    answered = exists().where(answers.c.position == items.c.position)
    statement = (
        select(items, answered.label("answered"))
        .join(batches, batches.c.round == items.c.round)
        .where(chosen)
        .order_by(items.c.round, items.c.rank)
    )
    members: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(statement):
        members[row.round].append(row)
    rows = connection.execute(select(batches).where(chosen).order_by(batches.c.round))
    return [_stored_batch(row, members[row.round]) for row in rows]


def _stored_batch(row: Any, members: list[Any]) -> StoredBatch:
    positions = [member.position for member in members]
    scored = all(member.score is not None for member in members)
    return StoredBatch(
        batch_id=row.batch_id,
        round=row.round,
        strategy=row.strategy,
        given=row.given,
        positions=np.array(positions, dtype=np.int64),
        scores=np.array([m.score for m in members], dtype=np.float32) if scored else None,
        terms={
            name: np.array([member.terms[name] for member in members], dtype=np.float32)
            for name in members[0].terms
        },
        record=row.record,
        pending=np.array([m.position for m in members if not m.answered], dtype=np.int64),
    )


def read_training(connection: Connection) -> dict[str, Any] | None:
    """What is kept of the latest training: its key, record, and names of artifacts."""
    statement = select(settings.c.value).where(settings.c.key == _TRAINING)
    return connection.execute(statement).scalar()


def write_training(
    connection: Connection, training: NewTraining, embeddings: str, model: str | None
) -> None:
    """Let `training` stand in the place of the one before it, with names of its artifacts."""
    value: dict[str, Any] = {"key": training.key, "record": dict(training.record)}
    value |= {"embeddings": embeddings, "model": model}
    connection.execute(settings.delete().where(settings.c.key == _TRAINING))
    connection.execute(insert(settings).values(key=_TRAINING, value=value))


def newest_embeddings(connection: Connection) -> str | None:
    """Name of the folder with the embeddings of the latest round that has any."""
    statement = (
        select(batches.c.embeddings)
        .where(batches.c.embeddings.is_not(None))
        .order_by(batches.c.round.desc())
        .limit(1)
    )
    return connection.execute(statement).scalar()


def read_records(connection: Connection) -> list[dict[str, Any]]:
    """What was recorded after rounds, by round."""
    rows = connection.execute(select(records.c.record).order_by(records.c.round))
    return [dict(record) for record in rows.scalars()]


def write_record(connection: Connection, round: int, record: Mapping[str, Any]) -> None:
    """Record a round; a later record for the same round stands instead."""
    connection.execute(records.delete().where(records.c.round == round))
    connection.execute(insert(records).values(round=round, record=dict(record)))
