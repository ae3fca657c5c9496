"""Rows in, rows out: every SQL statement of the store."""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    exists,
    func,
    insert,
    select,
    true,
    type_coerce,
)

from acqkit.embeddings import IntArray
from acqkit.store.answers import Question
from acqkit.store.rows import Classes, NewBatch, NewTraining, StoredAnswer, StoredBatch
from acqkit.store.schema import answers, batches, items, records, settings, trainings


def now() -> str:
    """The time as text that sorts."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_settings(connection: Connection) -> dict[str, Any]:
    """What the campaign was made with."""
    return {row.key: row.value for row in connection.execute(select(settings))}


def write_settings(connection: Connection, values: Mapping[str, Any]) -> None:
    """Write what the campaign is made with, once."""
    connection.execute(insert(settings), [{"key": k, "value": v} for k, v in values.items()])


def next_round(connection: Connection) -> int:
    """The first round that nobody has used."""
    last = connection.execute(select(func.max(batches.c.round))).scalar()
    return 0 if last is None else int(last) + 1


def taken_positions(connection: Connection, among: Iterable[int] | None = None) -> IntArray:
    """Positions (of those named) that are in some batch, ascending."""
    statement = select(items.c.position).where(_IN_BATCH)
    if among is not None:
        statement = statement.where(_among(items.c.position, among))
    found = np.fromiter(connection.execute(statement).scalars(), dtype=np.int64)
    return np.sort(found)


def rounds_of(connection: Connection, among: Iterable[int] | None = None) -> dict[int, int]:
    """The rounds in which pairs (at these positions) were asked for, by position."""
    statement = select(items.c.position, items.c.round).where(_IN_BATCH)
    if among is not None:
        statement = statement.where(_among(items.c.position, among))
    return {row.position: row.round for row in connection.execute(statement)}


_IN_BATCH = items.c.again.is_(False) & items.c.withdrawn.is_(None)


def _among(column: ColumnElement[int], positions: Iterable[int]) -> ColumnElement[bool]:
    # One parameter, however many positions: a statement takes only so many.
    listed = func.json_each(json.dumps(list(positions))).table_valued("value")
    return column.in_(select(listed.c.value))


_ANSWERS = (
    select(
        answers.c.position,
        answers.c.round,
        answers.c.revision,
        answers.c.annotator,
        type_coerce(answers.c.classes, Text),
        answers.c.at,
        answers.c.number,
        func.coalesce(batches.c.changes, 0),
        batches.c.about,
    )
    .join(batches, batches.c.round == answers.c.round)
    .order_by(answers.c.number)
)


def answers_log(
    connection: Connection, among: Iterable[int] | None = None, after: int = 0
) -> Iterator[StoredAnswer]:
    """Every answer ever given (to the pairs at these positions; after that one), in the order of
    writing."""
    statement = _ANSWERS if not after else _ANSWERS.where(answers.c.number > after)
    if among is not None:
        statement = statement.where(_among(answers.c.position, among))
    for position, round, revision, annotator, classes, *rest in connection.execute(statement):
        yield StoredAnswer(position, round, revision, annotator, _classes(classes), *rest)


@functools.lru_cache(maxsize=4096)
def _classes(text: str | None) -> Classes:
    """As they are stored; there are few of them in a log of many answers."""
    return None if text is None else tuple(json.loads(text))


def insert_batch(connection: Connection, batch: NewBatch) -> None:
    """One batch with its pairs; IntegrityError if the round or a pair is taken."""
    connection.execute(
        insert(batches).values(
            round=batch.round,
            batch_id=batch.batch_id,
            strategy=batch.strategy,
            given=not batch.strategy,
            about=batch.about,
            record=dict(batch.record),
            embeddings=batch.embeddings,
            answers=batch.answers,
            changes=batch.changes,
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
                "again": batch.about is not None,
            }
            for rank, (position, score) in enumerate(
                zip(batch.positions.tolist(), scores, strict=True)
            )
        ],
    )


_ANSWERED = exists().where(
    (answers.c.round == items.c.round) & (answers.c.position == items.c.position)
)


def withdraw(connection: Connection, round: int) -> IntArray:
    """Take the unanswered pairs of a round out of its batch; their positions."""
    unanswered = (items.c.round == round) & items.c.withdrawn.is_(None) & ~_ANSWERED
    rows = connection.execute(select(items).where(unanswered).order_by(items.c.rank))
    found = _positions(rows)
    connection.execute(items.update().where(unanswered).values(withdrawn=now()))
    return found


def _positions(rows: Iterable[Any]) -> IntArray:
    return np.array([row.position for row in rows], dtype=np.int64)


def insert_answers(
    connection: Connection,
    added: Sequence[tuple[Question, int, Classes]],
    annotator: str,
    rounds: Mapping[int, int],
) -> None:
    """Append to the log: (question, revision, classes).

    rounds: those in which pairs were asked for, by position.
    """
    if not added:
        return
    at = now()
    connection.execute(
        insert(answers),
        [
            {
                "position": position,
                "round": rounds[position] if again is None else again,
                "revision": revision,
                "annotator": annotator,
                "kind": "unsure" if classes is None else "classes",
                "classes": None if classes is None else list(classes),
                "at": at,
            }
            for (position, again), revision, classes in added
        ],
    )


def read_batches(connection: Connection, batch_id: str | None = None) -> list[StoredBatch]:
    """Every batch (or the one with that id), by round."""
    chosen = true() if batch_id is None else batches.c.batch_id == batch_id
    statement = (
        select(
            items.c.round,
            items.c.position,
            items.c.score,
            type_coerce(items.c.terms, Text).label("terms"),
            items.c.withdrawn,
            _ANSWERED.label("answered"),
        )
        .join(batches, batches.c.round == items.c.round)
        .where(chosen)
        .order_by(items.c.round, items.c.rank)
    )
    members: dict[int, list[Any]] = defaultdict(list)
    gone: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(statement):
        (members if row.withdrawn is None else gone)[row.round].append(row)
    rows = connection.execute(select(batches).where(chosen).order_by(batches.c.round))
    return [_stored_batch(row, members[row.round], _positions(gone[row.round])) for row in rows]


def _stored_batch(row: Any, members: list[Any], withdrawn: IntArray) -> StoredBatch:
    scored = bool(members) and all(member.score is not None for member in members)
    # Most strategies have no terms, and to read as many empty ones takes time.
    terms = [json.loads(member.terms) for member in members if member.terms != "{}"]
    return StoredBatch(
        batch_id=row.batch_id,
        round=row.round,
        strategy=row.strategy,
        given=row.given,
        positions=_positions(members),
        scores=np.array([m.score for m in members], dtype=np.float32) if scored else None,
        terms={
            name: np.array([each[name] for each in terms], dtype=np.float32)
            for name in (terms[0] if terms else ())
        },
        record=row.record,
        pending=_positions(member for member in members if not member.answered),
        withdrawn=withdrawn,
        answers=row.answers,
        changes=row.changes,
        about=row.about,
    )


def read_training(connection: Connection) -> dict[str, Any] | None:
    """What is kept of the latest training: its key, record, and names of artifacts."""
    row = connection.execute(select(trainings)).mappings().first()
    return None if row is None else dict(row)


def write_training(
    connection: Connection, training: NewTraining, embeddings: str, model: str | None
) -> None:
    """Let `training` stand in the place of the one before it, with names of its artifacts."""
    value: dict[str, Any] = {"key": training.key, "record": dict(training.record)}
    value |= {"embeddings": embeddings, "model": model}
    connection.execute(trainings.delete())
    connection.execute(insert(trainings).values(value))


def artifacts_in_use(connection: Connection) -> set[str]:
    """Names of the artifacts of the latest training and of the latest batch that has any."""
    training = read_training(connection) or {}
    names = {newest_embeddings(connection), training.get("embeddings"), training.get("model")}
    return {name for name in names if name is not None}


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
