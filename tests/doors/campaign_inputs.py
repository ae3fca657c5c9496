"""What may happen to a campaign's folder: to cells, rows, tables, JSON, bytes and files."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from kept_campaigns import CAMPAIGNS, kept
from pool_files import hurt
from pool_inputs import Damage

FILE = "campaign.sqlite"
PAGE = 4096
TABLES = [
    "settings", "changes", "rosters", "batches", "items", "answers", "answers", "trainings",
    "records",
]  # fmt: skip
SCALARS: list[Any] = [
    None, -1, 0, 1, 2, 3, 7, 99, 2**31, 2**40, 2**63 - 1, 0.5, -1.5, 1e300, "", "x", "0", "1",
    "cat", "dog", "random", "coreset", "ann", "batch-000", "batch-001", "batch-009", "given-000",
    "artifacts", "artifacts/x", "../campaign", "/dev/null", ".", "embeddings-002", "pairs", "class",
    "merge", "rename", "classes", "unsure", "mismatch", "\0", "a\0b", "x" * 500, b"", b"[0]",
    b"\xff\xfe",
]  # fmt: skip
JSONS = [
    "[]", "[0]", "[1]", "[2]", "[3]", "[4]", "[99]", "[-1]", "[0,0]", "[1,0]", "[0,1]", "[true]",
    '["0"]', "[0.0]", "[null]", "[[0]]", "null", "{}", "0", '"x"', '{"a":1}', '{"a":null}',
    '{"a":"b"}', "[", '{"a":1', "NaN", "[NaN]", "1e999", "[1e999]", "9" * 200, '"\\ud800"',
    "[0] ", "[" * 2000, "[" * 300 + "]" * 300, "[" * 1500 + "]" * 1500,
    '{"classes":[0],"into":1,"name":null}',
    '{"class":0,"name":"x"}', '{"name":"x"}', '["p0"]',
]  # fmt: skip
PLAIN: list[Any] = [
    None,
    -1,
    0,
    1,
    3,
    12,
    99,
    2**70,
    0.5,
    True,
    False,
    "",
    "x",
    "cat",
    "dog",
    "\0",
    [],
    {},
]
STATEMENTS = [
    "DROP TABLE {table}", "DELETE FROM {table}", "ALTER TABLE {table} RENAME TO gone",
    "ALTER TABLE {table} ADD COLUMN more TEXT", "DROP INDEX items_once",
    "PRAGMA user_version = 0", "PRAGMA user_version = 1", "PRAGMA user_version = 2",
    "PRAGMA user_version = 3", "PRAGMA user_version = -1", "PRAGMA application_id = 0",
    "CREATE VIEW more AS SELECT * FROM {table}", "VACUUM", "PRAGMA encoding = 'UTF-16'",
    "UPDATE answers SET position = (SELECT min(position) FROM answers)",
    "UPDATE items SET withdrawn = NULL", "UPDATE items SET withdrawn = 'x'",
    "UPDATE items SET again = 1 - again", "UPDATE batches SET about = 0",
    "UPDATE answers SET revision = 0", "UPDATE answers SET round = 1",
    "DELETE FROM batches WHERE round = 1", "DELETE FROM rosters",
]  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One thing that happens: `how`, to what is counted out by `where`, with `value`."""

    how: str
    table: str = ""
    where: tuple[int, int, int] = (0, 0, 0)
    value: Any = None


@dataclass(frozen=True)
class Changed:
    """A campaign by its name, what happens to it, and whether it is asked for a pair then."""

    name: str
    steps: list[Step]
    ask: bool


_WHERE = st.tuples(*[st.integers(0, 40)] * 3)
_TABLE = st.sampled_from(TABLES)
_VALUES = st.one_of(st.sampled_from(JSONS), st.sampled_from(SCALARS), st.integers())
_IN_ROWS = st.one_of(
    st.builds(Step, st.just("cell"), _TABLE, _WHERE, _VALUES),
    st.builds(Step, st.just("cell"), _TABLE, _WHERE, _VALUES),
    st.builds(Step, st.just("json"), _TABLE, _WHERE, st.sampled_from(PLAIN)),
    st.builds(Step, st.just("json"), st.just("settings"), _WHERE, st.sampled_from(PLAIN)),
    st.builds(Step, st.sampled_from(["delete", "double", "swap"]), _TABLE, _WHERE),
    st.builds(Step, st.just("sql"), _TABLE, _WHERE, st.sampled_from(STATEMENTS)),
)
_HURT = st.builds(
    Damage,
    st.integers(0, 40),
    st.sampled_from(["cut", "double", "flip", "flip", "drop", "no page", "pages", "last page"]),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 255),
)
_TO_FILES = st.one_of(
    st.builds(Step, st.just("bytes"), value=_HURT),
    st.builds(Step, st.just("bytes"), value=_HURT),
    st.builds(
        Step,
        st.sampled_from(
            ["folder", "pipe", "link", "loop", "null", "gone", "empty", "rename", "text"]
        ),
        where=_WHERE,
    ),
)
INPUTS = st.builds(
    lambda name, rows, files, ask: Changed(name, rows + files, ask),
    st.sampled_from(sorted(CAMPAIGNS)),
    st.lists(_IN_ROWS, max_size=2),
    st.one_of(st.just([]), st.lists(_TO_FILES, min_size=1, max_size=2)),
    st.sampled_from([True, False, False]),
)


def write(changed: Changed, home: Path) -> Path:
    """The campaign's folder after all that."""
    source, folder = kept(changed.name).folder, home / "campaign"
    shutil.copytree(source, folder)
    if changed.name == "schema 1":
        shutil.copy(source.parent / "pool.npz", home)
    in_rows = [step for step in changed.steps if step.table]
    if in_rows:
        _change_rows(folder, in_rows)
    for step in changed.steps:
        if not step.table:
            _change_file(folder, step)
    return folder


def _change_rows(folder: Path, steps: list[Step]) -> None:
    logged = (folder / f"{FILE}-wal").exists()
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as connection:
        for pragma in ("synchronous = OFF", "foreign_keys = OFF", "ignore_check_constraints = ON"):
            connection.execute(f"PRAGMA {pragma}")
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for step in steps:
            with suppress(sqlite3.Error, OverflowError):  # SQLite itself refuses some
                _change_row(connection, step)
        if logged:
            shutil.copytree(folder, folder.with_name("logged"))
    if logged:
        shutil.rmtree(folder)
        folder.with_name("logged").rename(folder)


def _change_row(connection: sqlite3.Connection, step: Step) -> None:
    table, (row, column, other) = step.table, step.where
    if step.how == "sql":
        connection.execute(step.value.format(table=table))
        return
    names = [each[1] for each in connection.execute(f"PRAGMA table_info({table})")]
    rows = [each[0] for each in connection.execute(f"SELECT rowid FROM {table}")]
    if not rows:
        return
    at, name = rows[row % len(rows)], names[column % len(names)]
    if step.how == "delete":
        connection.execute(f"DELETE FROM {table} WHERE rowid = ?", [at])
    elif step.how == "double":
        values = [*connection.execute(f"SELECT * FROM {table} WHERE rowid = ?", [at]).fetchone()]
        values[0] = other if isinstance(values[0], int) else f"{values[0]} {other}"
        connection.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(values))})", values)
    elif step.how == "swap":
        two = at, rows[other % len(rows)]
        found = [_cell(connection, table, name, each) for each in two]
        for each, value in zip(two, reversed(found), strict=True):
            _set(connection, table, name, each, value)
    elif step.how == "cell":
        if step.value is None:
            _allow_nulls(connection, table)
        _set(connection, table, name, at, step.value)
    else:
        name = next((each for each in ("value", "record", "terms", "ids") if each in names), name)
        found = _cell(connection, table, name, at)
        with suppress(ValueError, RecursionError):  # it is no JSON any more
            value = _elsewhere(json.loads(str(found)), column, other, step.value)
            _set(connection, table, name, at, json.dumps(value))


def _cell(connection: sqlite3.Connection, table: str, name: str, at: int) -> Any:
    found = connection.execute(f'SELECT "{name}" FROM {table} WHERE rowid = ?', [at])
    return found.fetchone()[0]


def _set(connection: sqlite3.Connection, table: str, name: str, at: int, value: Any) -> None:
    # Bytes that are no UTF-8 are given as text, too, which no driver does by itself.
    cell = "CAST(? AS TEXT)" if value == b"\xff\xfe" else "?"
    connection.execute(f'UPDATE {table} SET "{name}" = {cell} WHERE rowid = ?', [value, at])


def _allow_nulls(connection: sqlite3.Connection, table: str) -> None:
    connection.execute("PRAGMA writable_schema = ON")
    free = "UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '') WHERE name = ?"
    connection.execute(free, [table])
    connection.execute("PRAGMA writable_schema = RESET")


def _elsewhere(value: Any, which: int, depth: int, new: Any) -> Any:
    """JSON data with another value in some place, or with a place less or more."""
    if depth % 4 == 0 or not isinstance(value, dict | list) or not value:
        return new
    keys = [*value] if isinstance(value, dict) else [*range(len(value))]
    key = keys[which % len(keys)]
    if depth % 4 == 1:
        del value[key]
    elif depth % 4 == 2:
        if isinstance(value, dict):
            value["more"] = new
        else:
            value.insert(key, value[key])
    else:
        value[key] = _elsewhere(value[key], which // len(keys), depth // 4, new)
    return value


def _change_file(folder: Path, step: Step) -> None:
    paths = sorted(path for path in folder.rglob("*") if step.how != "bytes" or _is_plain(path))
    # Half of all that happens, happens to the database.
    named = [path for path in paths if path.name.startswith(FILE)]
    number = step.value.file if step.how == "bytes" else step.where[0]
    paths = named if number % 2 and named else paths
    if not paths:
        return
    path = paths[number // 2 % len(paths)]
    if step.how == "bytes":
        path.write_bytes(_hurt(path.read_bytes(), step.value))
        return
    is_folder = path.is_dir() and not path.is_symlink()
    if step.how in ("empty", "text") and is_folder:
        return
    if step.how == "rename":
        path.rename(path.with_name(f"{path.name}x"))
    else:
        shutil.rmtree(path) if is_folder else path.unlink()
    if step.how in _PUT:
        _PUT[step.how](path)


_PUT: dict[str, Any] = {
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "link": lambda path: path.symlink_to("nowhere"),
    "loop": lambda path: path.symlink_to(path.name),
    "null": lambda path: path.symlink_to("/dev/null"),
    "empty": Path.touch,
    "text": lambda path: path.write_text("id,label\np0,cat\n"),
}


def _is_plain(path: Path) -> bool:
    return path.is_file() and os.access(path, os.R_OK | os.W_OK) and path.stat().st_size < 10**7


def _hurt(content: bytes, damage: Damage) -> bytes:
    pages = [content[start : start + PAGE] for start in range(0, len(content), PAGE)] or [b""]
    number = int(len(pages) * damage.at)
    if damage.how == "no page":
        pages[number] = bytes(len(pages[number]))
    elif damage.how == "pages":
        other = damage.byte % len(pages)
        pages[number], pages[other] = pages[other], pages[number]
    elif damage.how == "last page":
        pages.pop()
    else:
        return hurt(content, damage)
    return b"".join(pages)
