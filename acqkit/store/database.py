"""One SQLite file: transactions that are durable when they end, and errors as sentences."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import StaticPool

from acqkit.errors import CampaignError, shortened
from acqkit.files import publish, temporary_folder
from acqkit.store.check import check_file
from acqkit.store.migration import migrate
from acqkit.store.schema import APPLICATION_ID, SCHEMA_VERSION, metadata
from acqkit.store.turn import TURN_SECONDS, head_of_line

FILE_NAME = "campaign.sqlite"

EARLIER_NAME = "campaign-schema-1.sqlite"
"""The file beside it that is as it was before it was migrated."""

BUSY_SECONDS = 30.0
"""How long a step waits for the one writer that there can be; then it is an error."""


class Database:
    """The file in a campaign's folder; only read where this process may not write to both."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        path = folder / FILE_NAME
        self._read_only = path.exists() and not all(os.access(p, os.W_OK) for p in (path, folder))
        self._engine = _engine(path, _to_read(path) if self._read_only else {})
        self._writing = self._engine.execution_options(begin="IMMEDIATE")
        self._closed = False

    def close(self) -> None:
        """Close every connection; later transactions are errors."""
        self._engine.dispose()
        self._closed = True

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state throughout, whatever others write meanwhile."""
        with self._transaction(self._engine) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is the only writer from its first statement on.

        What it wrote is on the disk when the block ends; an exception undoes all of it.
        """
        if self._read_only:
            raise CampaignError(
                f"campaign {self._folder} can only be looked at: this user, or this file system, "
                "does not allow to write there; copy the folder to a place that does"
            )
        with ExitStack() as waiting:
            waiting.enter_context(head_of_line(self._folder, time.monotonic() + BUSY_SECONDS))
            with self._transaction(self._writing) as connection:
                waiting.close()
                yield connection

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        if self._closed:
            raise CampaignError(f"campaign {self._folder} is closed; open it again")
        try:
            with engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise CampaignError(self._sentence(error)) from error
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise CampaignError(
                f"campaign {self._folder} is damaged: something in it is no JSON, or no text at "
                f"all ({shortened(str(error))}); go on with a backup"
            ) from None

    def _sentence(self, error: DBAPIError) -> str:
        reason = str(error.orig)
        if self._read_only and "unable to open" in reason:
            return (
                f"campaign {self._folder} was not closed, its last answers are in {FILE_NAME}-wal, "
                "and these cannot be read where nothing may be written; copy the folder to a place "
                "where you may write"
            )
        if "locked" in reason or "busy" in reason:
            return (
                f"campaign {self._folder} was locked by another process for more than "
                f"{BUSY_SECONDS:g} seconds; try again when that process is done"
            )
        if isinstance(error, IntegrityError):
            return f"campaign {self._folder} is as it was: the step contradicts it ({reason})"
        return f"{self._folder / FILE_NAME} cannot be used as a campaign's database: {reason}"

    def copy(self, path: Path) -> None:
        """Copy the file by SQLite's own backup, at one moment; others may write meanwhile.

        Raises sqlite3.Error.
        """
        with closing(sqlite3.connect(path)) as target:
            self._copy_to(target)

    def _copy_to(self, target: sqlite3.Connection) -> None:
        with self.read() as connection:
            source = connection.connection.dbapi_connection
            assert isinstance(source, sqlite3.Connection)  # SQLAlchemy's driver is Python's own
            source.backup(target)

    def set_up(self) -> None:
        """Make the tables in an empty file and mark whose file it is."""
        with self._transaction(self._engine.execution_options(begin="none")) as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode = WAL").scalar()
        if mode != "wal":
            raise CampaignError(
                f"the file system of {self._folder} cannot hold a campaign (SQLite offers "
                f"journal mode {mode!r}, not 'wal'); choose a folder on a local disk"
            )
        with self.write() as connection:
            metadata.create_all(connection, checkfirst=False)
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def check(self) -> None:
        """Raise CampaignError unless this is a campaign of the schema that we read.

        One of an earlier schema is migrated; a copy of the file as it was is kept beside it.
        """
        with self.read() as connection:
            application = connection.exec_driver_sql("PRAGMA application_id").scalar()
            version = _version(connection)
        if application != APPLICATION_ID:
            raise CampaignError(f"{self._folder / FILE_NAME} was not made by acqkit")
        if version == 1:
            self._migrate()
        elif version != SCHEMA_VERSION:
            newer = "a newer" if version > SCHEMA_VERSION else "an older"
            raise CampaignError(
                f"campaign {self._folder} was made by {newer} acqkit (schema {version}, this one "
                f"reads {SCHEMA_VERSION}); install the acqkit that it was made with"
            )

    def _migrate(self) -> None:
        if self._read_only:
            self._engine = self._in_memory()
        with self._transaction(self._engine if self._read_only else self._writing) as connection:
            if _version(connection) != 1:
                return  # Another process was faster.
            check_file(connection, self._folder)
            if not self._read_only:
                self._keep_copy()
            migrate(connection)

    def _keep_copy(self) -> None:
        final = self._folder / EARLIER_NAME
        try:
            with temporary_folder(final) as folder:
                self.copy(folder / FILE_NAME)
                publish(folder / FILE_NAME, final)
        except (OSError, sqlite3.Error) as error:
            raise CampaignError(
                f"campaign {self._folder} was made by an earlier acqkit, and no copy of it can be "
                f"kept in {final} before it is changed: {error}"
            ) from None

    def _in_memory(self) -> Engine:
        """A copy that may be changed, of a file that may not."""
        memory = sqlite3.connect(":memory:", check_same_thread=False)
        self._copy_to(memory)
        self._engine.dispose()
        engine = create_engine("sqlite://", creator=lambda: memory, poolclass=StaticPool)
        return _configured(engine)


def _version(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def _engine(path: Path, options: Mapping[str, str]) -> Engine:
    query = {"uri": "true", **options}
    url = URL.create("sqlite", database=path.absolute().as_uri(), query=query)
    return _configured(create_engine(url, connect_args={"timeout": BUSY_SECONDS}))


def _configured(engine: Engine) -> Engine:
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _to_read(path: Path) -> Mapping[str, str]:
    """How SQLite opens a file that this process may not write to, or whose folder it may not.

    Where there is a write-ahead log, what is in it is read too, live. Where there is none, no
    process has the file open and SQLite could not make one: the file is read as one that nobody
    changes. A process with more rights that begins to write meanwhile is then not seen.
    """
    log = path.with_name(f"{path.name}-wal")
    return {"mode": "ro"} if log.exists() else {"immutable": "1"}


def _configure(connection: Any, _record: Any) -> None:
    # The driver would begin transactions by itself, late and deferred; `_begin` does it.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("begin", "DEFERRED")
    if mode == "IMMEDIATE":
        _begin_to_write(connection)
    elif mode != "none":
        connection.exec_driver_sql(f"BEGIN {mode}")


def _begin_to_write(connection: Connection) -> None:
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)  # SQLAlchemy's driver is Python's own
    give_up = time.monotonic() + BUSY_SECONDS
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        while time.monotonic() < give_up:
            try:
                driver.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    break
            time.sleep(TURN_SECONDS)
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # SQLAlchemy says what is wrong
    finally:
        driver.execute(f"PRAGMA busy_timeout = {round(1000 * BUSY_SECONDS)}")
