"""The tables of a campaign's SQLite file."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    event,
)

APPLICATION_ID = 0x61637174
"""SQLite's own mark of what a file is: "acqt"."""

SCHEMA_VERSION = 2

metadata = MetaData()

settings = Table(
    "settings",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", JSON, nullable=False),
)

# How the campaign grew: `acqkit.store.changes` says what each kind holds. `answers` is the number
# of the latest answer before it, `round` the next one then.
changes = Table(
    "changes",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("value", JSON, nullable=False),
    Column("answers", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("at", Text, nullable=False),
)

# By what the pairs from position `start` on are found again in a pool: see `acqkit.store.rows`.
rosters = Table(
    "rosters",
    metadata,
    Column("start", Integer, primary_key=True, autoincrement=False),
    Column("ids", JSON(none_as_null=True)),
    Column("facts", LargeBinary, nullable=False),
)

# `answers` and `changes` are the numbers of the latest ones that were known when it was picked;
# campaigns of schema 1 did not note them. `about`: the class that it asks again about.
batches = Table(
    "batches",
    metadata,
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("batch_id", Text, nullable=False, unique=True),
    Column("strategy", Text, nullable=False),
    Column("given", Boolean, nullable=False),
    Column("about", Integer),
    Column("record", JSON, nullable=False),
    Column("embeddings", Text),
    Column("answers", Integer),
    Column("changes", Integer),
    Column("at", Text, nullable=False),
)

# `again`: of a batch that asks about one class. `withdrawn`: when it was, and nobody had answered.
items = Table(
    "items",
    metadata,
    Column("round", ForeignKey(batches.c.round), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("score", Float),
    Column("terms", JSON, nullable=False),
    Column("again", Boolean, nullable=False),
    Column("withdrawn", Text),
    PrimaryKeyConstraint("round", "rank"),
    UniqueConstraint("round", "position"),
)

# A pair is asked for once, ever; only a class that is newer than its answer is asked about again.
Index(
    "items_once",
    items.c.position,
    unique=True,
    sqlite_where=items.c.again.is_(False) & items.c.withdrawn.is_(None),
)

# One pair shown to one annotator. Nothing writes these yet: whom to ask is not decided by acqkit.
assignments = Table(
    "assignments",
    metadata,
    Column("round", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("annotator", Text, nullable=False),
    Column("at", Text, nullable=False),
    PrimaryKeyConstraint("round", "position", "annotator"),
    ForeignKeyConstraint(["round", "position"], [items.c.round, items.c.position]),
)

# Several annotators may answer for a pair, also differently: no rule of this table is against it.
# A "mismatch", two that do not belong together, is not written yet.
answers = Table(
    "answers",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("round", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("annotator", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("classes", JSON(none_as_null=True)),
    Column("at", Text, nullable=False),
    UniqueConstraint("round", "position", "revision", "annotator"),
    ForeignKeyConstraint(["round", "position"], [items.c.round, items.c.position]),
    CheckConstraint("kind IN ('classes', 'unsure', 'mismatch')"),
    CheckConstraint("(kind = 'classes') = (classes IS NOT NULL)"),
)

# The latest training alone.
trainings = Table(
    "trainings",
    metadata,
    Column("key", Text, primary_key=True),
    Column("record", JSON, nullable=False),
    Column("embeddings", Text, nullable=False),
    Column("model", Text),
)

records = Table(
    "records",
    metadata,
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("record", JSON, nullable=False),
)


@event.listens_for(answers, "after_create")
@event.listens_for(changes, "after_create")
@event.listens_for(rosters, "after_create")
def _make_append_only(table: Table, connection: Connection, **_: Any) -> None:
    for step in ("UPDATE", "DELETE"):
        connection.exec_driver_sql(
            f"CREATE TRIGGER {table.name}_no_{step.lower()} BEFORE {step} ON {table.name} "
            f"BEGIN SELECT RAISE(ABORT, '{table.name} is append-only'); END"
        )
