"""Rows that no step of acqkit writes, found by SQLite itself: what others did to the file."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Boolean, Connection, Float, Integer, LargeBinary, Table, Text, text
from sqlalchemy.types import TypeEngine

from acqkit.errors import CampaignError, shown
from acqkit.store.schema import metadata

_TYPES: dict[type[TypeEngine[Any]], str] = {
    Integer: "'integer'",
    Boolean: "'integer'",
    Text: "'text'",
    Float: "'real', 'integer'",
    JSON: "'text', 'integer', 'real'",  # SQLite makes a number of a JSON that is one
    LargeBinary: "'blob'",
}


def _cells(table: Table) -> str:
    """Finds rows with cells that are of another type than their column's, or no JSON."""
    wrong = []
    for column in table.columns:
        null = ", 'null'" if column.nullable else ""
        wrong.append(f"typeof({column.key}) NOT IN ({_TYPES[type(column.type)]}{null})")
        if isinstance(column.type, JSON):
            wrong.append(f"{column.key} IS NOT NULL AND NOT json_valid({column.key})")
        if isinstance(column.type, Boolean):
            wrong.append(f"{column.key} NOT IN (0, 1)")
    return f"SELECT rowid FROM {table.name} WHERE {' OR '.join(wrong)}"


_RULES = {
    **{
        f"a cell of its table {table.name!r} holds what does not belong there": _cells(table)
        for table in metadata.sorted_tables
    },
    "its log of changes does not count from 1 on": """
        SELECT number FROM
        (SELECT number, row_number() OVER (ORDER BY number) AS place FROM changes)
        WHERE number != place""",
    "a batch is not a batch": """
        SELECT round FROM batches WHERE round < 0
        OR about NOT BETWEEN 0 AND :classes - 1 OR json_type(record) != 'object'""",
    "something is kept in a place that acqkit does not choose": """
        SELECT name FROM (
        SELECT embeddings AS name FROM batches UNION SELECT embeddings FROM trainings
        UNION SELECT model FROM trainings)
        WHERE name NOT GLOB 'artifacts/[0-9a-z]*' AND name NOT GLOB 'embeddings-[0-9]*'
        OR name GLOB '*/*/*' OR name GLOB '*.*'""",
    "a pair of a batch is none of the pool": """
        SELECT position FROM items WHERE position NOT BETWEEN 0 AND :pairs - 1""",
    "a pair of a batch has terms that are no numbers": """
        SELECT position FROM items WHERE json_type(terms) != 'object'
        OR EXISTS (SELECT 1 FROM json_each(terms) WHERE type NOT IN ('real', 'integer'))""",
    "the pairs of a batch have different terms": """
        SELECT round FROM
        (SELECT round, (SELECT group_concat(key) FROM json_each(terms)) AS names FROM items)
        GROUP BY round HAVING count(DISTINCT ifnull(names, '')) > 1""",
    "a pair of a batch is not as its batch": """
        SELECT items.round FROM items JOIN batches USING (round)
        WHERE again != (about IS NOT NULL)""",
    "an answer is no list of classes": """
        SELECT number FROM answers WHERE revision < 0 OR json_type(classes) != 'array'
        OR kind != iif(classes IS NULL, 'unsure', 'classes')""",
    "an answer names a class that the pool does not have": """
        SELECT number FROM answers, json_each(classes)
        WHERE json_each.type != 'integer' OR json_each.value NOT BETWEEN 0 AND :classes - 1""",
    "an answer does not name one class": """
        SELECT number FROM answers JOIN batches USING (round)
        WHERE NOT :multilabel AND about IS NULL AND json_array_length(classes) != 1""",
    "an answer names another class than it was asked about": """
        SELECT number FROM answers JOIN batches USING (round), json_each(classes)
        WHERE about IS NOT NULL AND json_each.value != about""",
    "an answer names its classes twice or in disorder": """
        SELECT number FROM answers, json_each(classes) a JOIN json_each(classes) b
        ON b.key = a.key + 1 WHERE b.value <= a.value""",
    "a record of a round is no JSON object": """
        SELECT round FROM records WHERE json_type(record) != 'object'""",
}
"""What is wrong, and the statement that finds where; each relies on those before it."""


def check_rows(
    connection: Connection, where: object, pairs: int, classes: int, multilabel: bool
) -> None:
    """See `Store.check`; `where` names the campaign."""
    check_file(connection, where)
    limits = {"pairs": pairs, "classes": classes, "multilabel": multilabel}
    for fault, statement in _RULES.items():
        named = {name: value for name, value in limits.items() if f":{name}" in statement}
        found = connection.execute(text(f"{statement} LIMIT 1"), named).first()
        if found is not None:
            raise CampaignError(
                f"campaign {where} is damaged: {fault} (row {shown(found[0])}), which acqkit does "
                "not write; go on with a backup, or a copy of before it was changed"
            )


def check_file(connection: Connection, where: object) -> None:
    """Raise CampaignError where SQLite finds pages, indices or references that do not fit.

    An index that lacks rows hides those of its table, which SQLite says only when asked.
    """
    state = connection.execute(text("PRAGMA integrity_check(1)")).scalar()
    if state == "ok" and connection.execute(text("PRAGMA foreign_key_check")).first() is not None:
        state = "a row refers to another one that is gone"
    if state != "ok":
        raise CampaignError(
            f"campaign {where} is damaged: SQLite says {shown(state)}; go on with a backup, or a "
            "copy of before it was changed"
        )
