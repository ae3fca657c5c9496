"""What the rows of a campaign's file say, read with sqlite3 and json alone.

It goes through whole tables, by no index, and stumbles (any exception) where a row is none that
acqkit writes: who reads such a campaign all the same has read something else.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Row = dict[str, Any]


@dataclass(frozen=True)
class Rows:
    """All tables, decoded; those of schema 1 as schema 2 has them."""

    settings: dict[str, Any]
    changes: list[Row]
    rosters: list[Row]
    batches: dict[int, Row]
    items: list[Row]
    answers: list[Row]
    records: list[Any]


def read(file: Path) -> Rows:
    """The rows of a database, with what its log holds."""
    with closing(sqlite3.connect(file)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = {
            name: _table(connection, name, decoded)
            for name, decoded in {
                "settings": ("value",),
                "batches": ("record",),
                "items": ("terms",),
                "answers": ("classes",),
                "records": ("record",),
                **({"changes": ("value",), "rosters": ("ids",)} if version == 2 else {}),
            }.items()
        }
    settings = {row["key"]: row["value"] for row in tables["settings"]}
    if version == 1:
        _as_schema_2(settings, tables)
    return Rows(
        settings,
        sorted(tables["changes"], key=lambda row: row["number"]),
        sorted(tables["rosters"], key=lambda row: row["start"]),
        {row["round"]: row for row in sorted(tables["batches"], key=lambda row: row["round"])},
        sorted(tables["items"], key=lambda row: (row["round"], row["rank"])),
        sorted(tables["answers"], key=lambda row: row["number"]),
        [row["record"] for row in sorted(tables["records"], key=lambda row: row["round"])],
    )


def _table(connection: sqlite3.Connection, name: str, decoded: tuple[str, ...]) -> list[Row]:
    found = connection.execute(f"SELECT * FROM {name} NOT INDEXED")
    columns = [each[0] for each in found.description]
    rows = [dict(zip(columns, row, strict=True)) for row in found]
    for row in rows:
        for column in decoded:
            cell = row[column]
            # SQLite makes a number of a JSON that is one.
            row[column] = json.loads(cell) if isinstance(cell, str | bytes) else cell
    return rows


def _as_schema_2(settings: dict[str, Any], tables: dict[str, list[Row]]) -> None:
    tables["changes"], tables["rosters"] = [], []
    for row in tables["items"]:
        row.update(again=0, withdrawn=None)
    for key in [key for key in settings if key.startswith("withdrawn from round ")]:
        gone = settings.pop(key)
        more = {"again": 0, "withdrawn": gone["at"]}
        tables["items"] += [{**item, **more} for item in gone["items"]]
    settings.pop("latest training", None)
    rounds = {row["position"]: row["round"] for row in tables["items"] if not row["withdrawn"]}
    for row in tables["answers"]:
        row["round"] = rounds[row["position"]]
        row["kind"] = "unsure" if row["classes"] is None else "classes"
    for row in tables["batches"]:
        row.update(about=None, answers=None, changes=None)


@dataclass(frozen=True)
class Classes:
    """The classes after all changes."""

    names: list[str]
    into: dict[Any, int]
    since: list[int]
    made: set[int]


def classes_of(rows: Rows) -> Classes:
    """What the log of changes makes of the classes that the campaign began with."""
    found = Classes([*rows.settings["fingerprint"]["classes"]], {}, [], set())
    found.since.extend([0] * len(found.names))
    for change in rows.changes:
        kind, value = change["kind"], change["value"]
        assert kind in ("pairs", "class", "rename", "merge")
        if kind == "class" or (kind == "merge" and value["name"] is not None):
            if kind == "merge":
                found.made.add(len(found.names))
            found.names.append(value["name"])
            found.since.append(change["number"])
        if kind == "rename":
            found.names[value["class"]] = value["name"]
        if kind == "merge":
            for old in [*found.into]:
                if found.into[old] in value["classes"]:
                    found.into[old] = value["into"]
            found.into.update(dict.fromkeys(value["classes"], value["into"]))
    assert all(isinstance(name, str) for name in found.names)
    return found


Label = tuple[int, set[int] | None]
"""The round in which a pair was labeled first, and its classes; None for "can't tell"."""


def labels_of(rows: Rows, pairs: int) -> dict[int, Label]:
    """The label of each answered pair, by position."""
    classes, asked = classes_of(rows), {(row["round"], row["position"]): row for row in rows.items}
    standing: dict[Any, Row] = {}
    for row in rows.answers:
        assert (row["round"], row["position"]) in asked and 0 <= row["position"] < pairs
        assert row["kind"] == ("unsure" if row["classes"] is None else "classes")
        assert isinstance(row["annotator"], str) and isinstance(row["revision"], int)
        said = row["classes"]
        assert said is None or said == sorted({*said})
        assert all(type(each) is int and 0 <= each < len(classes.names) for each in said or ())
        about = rows.batches[row["round"]]["about"]
        question = row["position"], None if about is None else row["round"]
        if question not in standing or row["revision"] > standing[question]["revision"]:
            standing[question] = row
    labels: dict[int, Label] = {}
    for row in sorted(standing.values(), key=lambda row: row["number"]):
        labels[row["position"]] = _with(labels.get(row["position"]), row, rows, classes)
    return labels


def _with(before: Label | None, row: Row, rows: Rows, classes: Classes) -> Label:
    """The label once one more answer that stands is counted."""
    batch, several = rows.batches[row["round"]], rows.settings["fingerprint"]["multilabel"]
    said = None if row["classes"] is None else {classes.into.get(n, n) for n in row["classes"]}
    since, old = before or (row["round"], None)
    if old is None and said is not None:
        since = row["round"]
    if batch["about"] is not None:
        about: Any = classes.into.get(batch["about"], batch["about"])
        if said:
            return since, ({*(old or ()), about} if several else {about})
        if said is None or old is None or not several:
            return (since, old) if old is not None or before else (row["round"], None)
        return since, old - {about}
    if old is None or said is None or not several:
        return since, said
    known = {classes.into.get(n, n) for n, at in enumerate(classes.since) if at <= _changes(batch)}
    return since, old - known | said


def _changes(batch: Mapping[str, Any]) -> int:
    return batch["changes"] or 0


def pairs_of(rows: Rows) -> tuple[int, int]:
    """How many pairs there are, and how many of them are train pairs, -1 where nothing says so."""
    first = rows.settings["fingerprint"]
    more = [change["value"] for change in rows.changes if change["kind"] == "pairs"]
    train = [first.get("train"), *(each["train"] for each in more)]
    pairs = first["pairs"] + sum(each["pairs"] for each in more)
    return pairs, -1 if None in train else sum(train)


def batches_of(rows: Rows) -> list[Row]:
    """Every batch as a user gets it, with positions for ids and the index of what it is about."""
    answered = {(row["round"], row["position"]) for row in rows.answers}
    found = []
    for number, batch in rows.batches.items():
        members = [row for row in rows.items if row["round"] == number]
        here = [row for row in members if row["withdrawn"] is None]
        scores = [row["score"] for row in here]
        positions = [row["position"] for row in here]
        assert len({*positions}) == len(positions)
        found.append(
            {
                "batch_id": batch["batch_id"],
                "round": number,
                "positions": positions,
                "pending": [each for each in positions if (number, each) not in answered],
                "withdrawn": [row["position"] for row in members if row["withdrawn"] is not None],
                "scores": None
                if None in scores or not here
                else np.array(scores, np.float32).tolist(),
                "terms": {
                    name: np.array([row["terms"][name] for row in here], np.float32).tolist()
                    for name in (here[0]["terms"] if here else ())
                },
                "record": batch["record"],
                "strategy": batch["strategy"],
                "given": bool(batch["given"]),
                "about": batch["about"],
            }
        )
    return found


def status_of(rows: Rows) -> Row:
    """What `acqkit campaign status` should count."""
    pairs, train = pairs_of(rows)
    labels, batches, classes = labels_of(rows, pairs), batches_of(rows), classes_of(rows)
    told = [each for _, each in labels.values() if each is not None]
    counts = Counter(one for each in told for one in each)
    open_ones = [batch for batch in batches if batch["pending"]]
    taken = [batch for batch in batches if batch["about"] is None]
    return {
        "pool": rows.settings["pool"],
        "seed": rows.settings["seed"],
        "pairs": train,
        "labeled": len(told),
        "skipped": len(labels) - len(told),
        "pending": sum(len(batch["pending"]) for batch in open_ones),
        "free": train - sum(len(batch["positions"]) for batch in taken),
        "rounds": max(rows.batches, default=-1) + 1,
        "open_batches": [batch["batch_id"] for batch in open_ones],
        "labels_per_class": {
            name: counts[n] for n, name in enumerate(classes.names) if n not in classes.into
        },
        "answers_by_annotator": dict(Counter(row["annotator"] for row in rows.answers)),
    }
