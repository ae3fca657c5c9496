"""The tables of a campaign's SQLite file."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
)

APPLICATION_ID = 0x61637174
"""SQLite's own mark of what a file is: "acqt"."""

SCHEMA_VERSION = 1

metadata = MetaData()

settings = Table(
    "settings",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", JSON, nullable=False),
)

batches = Table(
    "batches",
    metadata,
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("batch_id", Text, nullable=False, unique=True),
    Column("strategy", Text, nullable=False),
    Column("given", Boolean, nullable=False),
    Column("record", JSON, nullable=False),
    Column("embeddings", Text),
    Column("at", Text, nullable=False),
)

# The position alone is the key: a pair is asked for once, ever.
items = Table(
    "items",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("round", ForeignKey(batches.c.round), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("score", Float),
    Column("terms", JSON, nullable=False),
    UniqueConstraint("round", "rank"),
)

answers = Table(
    "answers",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("position", ForeignKey(items.c.position), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("annotator", Text, nullable=False),
    Column("classes", JSON(none_as_null=True)),
    Column("at", Text, nullable=False),
    UniqueConstraint("position", "revision", "annotator"),
)

records = Table(
    "records",
    metadata,
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("record", JSON, nullable=False),
)


@event.listens_for(answers, "after_create")
def _make_append_only(_table: Table, connection: Connection, **_: Any) -> None:
    for step in ("UPDATE", "DELETE"):
        connection.exec_driver_sql(
            f"CREATE TRIGGER answers_no_{step.lower()} BEFORE {step} ON answers "
            "BEGIN SELECT RAISE(ABORT, 'the answers log is append-only'); END"
        )
