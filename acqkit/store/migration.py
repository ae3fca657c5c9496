"""From schema 1 to schema 2, in one transaction.

Schema 1 had no place for what withdrawn pairs and the latest training are, and kept them beside
the settings; a pair could be in one batch only, and have one answer only at a time.
"""

from __future__ import annotations

from sqlalchemy import Connection

from acqkit.store.schema import SCHEMA_VERSION, metadata

_REPLACED = ("answers", "items", "batches")
"""Tables that are made anew, each before the one that it refers to."""

_KEPT = ("settings", "records")

_COPY = (
    "INSERT INTO batches SELECT round, batch_id, strategy, given, NULL, record, embeddings, "
    "NULL, NULL, at FROM batches_1",
    "INSERT INTO items SELECT round, rank, position, score, terms, 0, NULL FROM items_1",
    "INSERT INTO items SELECT json_extract(item.value, '$.round'), "
    "json_extract(item.value, '$.rank'), json_extract(item.value, '$.position'), "
    "json_extract(item.value, '$.score'), json_extract(item.value, '$.terms'), 0, "
    "json_extract(settings.value, '$.at') FROM settings, "
    "json_each(settings.value, '$.items') AS item WHERE settings.key LIKE 'withdrawn from round %'",
    "INSERT INTO answers SELECT number, round, position, revision, annotator, "
    "iif(classes IS NULL, 'unsure', 'classes'), classes, at "
    "FROM answers_1 JOIN items_1 USING (position) ORDER BY number",
    "INSERT INTO trainings SELECT json_extract(value, '$.key'), json_extract(value, '$.record'), "
    "json_extract(value, '$.embeddings'), json_extract(value, '$.model') "
    "FROM settings WHERE key = 'latest training'",
    "DELETE FROM settings WHERE key = 'latest training' OR key LIKE 'withdrawn from round %'",
)


def migrate(connection: Connection) -> None:
    """Make a database of schema 1 one of schema 2; what it held it holds afterwards."""
    for step in ("update", "delete"):
        connection.exec_driver_sql(f"DROP TRIGGER answers_no_{step}")
    for name in _REPLACED:
        connection.exec_driver_sql(f"ALTER TABLE {name} RENAME TO {name}_1")
    new = [table for name, table in metadata.tables.items() if name not in _KEPT]
    metadata.create_all(connection, tables=new, checkfirst=False)
    for statement in _COPY:
        connection.exec_driver_sql(statement)
    for name in _REPLACED:
        connection.exec_driver_sql(f"DROP TABLE {name}_1")
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
