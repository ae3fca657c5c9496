"""Rows that no step of acqkit writes, found by SQLite itself: what others did to the file."""

from __future__ import annotations

from sqlalchemy import Connection, text

from acqkit.errors import CampaignError, shown

_RULES = {
    "a setting is no JSON": "SELECT key FROM settings WHERE NOT json_valid(value)",
    "a batch is not a batch": """
        SELECT round FROM batches WHERE typeof(round) != 'integer' OR round < 0
        OR typeof(batch_id) != 'text' OR typeof(strategy) != 'text' OR given NOT IN (0, 1)
        OR typeof(embeddings) NOT IN ('text', 'null')
        OR typeof(answers) NOT IN ('integer', 'null') OR typeof(changes) NOT IN ('integer', 'null')
        OR typeof(about) NOT IN ('integer', 'null') OR about NOT BETWEEN 0 AND :classes - 1
        OR NOT json_valid(record) OR json_type(record) != 'object'""",
    "a pair of a batch is none of the pool": """
        SELECT position FROM items WHERE typeof(position) != 'integer'
        OR position NOT BETWEEN 0 AND :pairs - 1""",
    "a pair of a batch has a score or terms that are no numbers": """
        SELECT position FROM items
        WHERE typeof(score) NOT IN ('real', 'integer', 'null') OR typeof(rank) != 'integer'
        OR NOT json_valid(terms) OR json_type(terms) != 'object'
        OR EXISTS (SELECT 1 FROM json_each(terms) WHERE type NOT IN ('real', 'integer'))""",
    "the pairs of a batch have different terms": """
        SELECT round FROM
        (SELECT round, (SELECT group_concat(key) FROM json_each(terms)) AS names FROM items)
        GROUP BY round HAVING count(DISTINCT ifnull(names, '')) > 1""",
    "a pair of a batch is not as its batch": """
        SELECT items.round FROM items JOIN batches USING (round)
        WHERE again != (about IS NOT NULL) OR typeof(withdrawn) NOT IN ('text', 'null')""",
    "an answer is not a list of classes by somebody": """
        SELECT number FROM answers WHERE typeof(revision) != 'integer' OR revision < 0
        OR typeof(annotator) != 'text'
        OR (classes IS NOT NULL AND (NOT json_valid(classes) OR json_type(classes) != 'array'))""",
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
    "a record of a round is no JSON": """
        SELECT round FROM records WHERE NOT json_valid(record) OR json_type(record) != 'object'""",
    "a row refers to another one that is gone": "SELECT rowid FROM pragma_foreign_key_check",
}
"""What is wrong, and the statement that finds where; each relies on those before it."""


def check_rows(
    connection: Connection, where: object, pairs: int, classes: int, multilabel: bool
) -> None:
    """See `Store.check`; `where` names the campaign."""
    # An index that lacks rows hides those of its table, which SQLite says only when asked.
    state = connection.execute(text("PRAGMA integrity_check(1)")).scalar()
    if state != "ok":
        raise CampaignError(
            f"campaign {where} is damaged: SQLite says {shown(state)}; go on with a backup, or a "
            "copy of before it was changed"
        )
    limits = {"pairs": pairs, "classes": classes, "multilabel": multilabel}
    for fault, statement in _RULES.items():
        named = {name: value for name, value in limits.items() if f":{name}" in statement}
        found = connection.execute(text(f"{statement} LIMIT 1"), named).first()
        if found is not None:
            raise CampaignError(
                f"campaign {where} is damaged: {fault} (row {found[0]!r}), which acqkit does not "
                "write; go on with a backup, or a copy of before it was changed"
            )
