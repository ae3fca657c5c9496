"""`SqliteStore`: a campaign in one folder, rows in SQLite and large arrays beside the file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection

from acqkit.embeddings import IntArray, PairEmbeddings
from acqkit.errors import CampaignError
from acqkit.files import publish, temporary_folder
from acqkit.store import growth, queries
from acqkit.store.answers import (
    StandingAnswers,
    additions,
    conflicts,
    questions,
    standings,
)
from acqkit.store.arrays import EmbeddingFiles
from acqkit.store.backup import back_up
from acqkit.store.changes import Kind, StoredChange, merged
from acqkit.store.check import check_rows
from acqkit.store.database import FILE_NAME, Database
from acqkit.store.rows import (
    Classes,
    NewBatch,
    NewTraining,
    Roster,
    StoredAnswer,
    StoredBatch,
    StoredState,
    StoredTraining,
)
from acqkit.store.store import EmbeddingWriter
from acqkit.store.trainings import Trainings


class SqliteStore:
    """The state of one campaign in one folder; safe to have open in several processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = Database(folder)
        self._trainings = Trainings(folder, self._database)
        self._standing, self._reading = StandingAnswers(), threading.Lock()

    @classmethod
    def create(
        cls,
        folder: Path,
        settings: Mapping[str, Any],
        given: Mapping[int, Classes] | None = None,
        rosters: Iterable[Roster] = (),
    ) -> SqliteStore:
        """Make a campaign's folder, whole or not at all, with labels that are known already.

        Raises CampaignError when the folder exists.
        """
        _check_vacant(folder)
        try:
            with temporary_folder(folder) as temporary:
                try:
                    cls._fill(temporary, settings, given or {}, rosters)
                except CampaignError as error:
                    raise _cannot_make(folder, error) from error
                try:
                    publish(temporary, folder)
                except OSError:
                    _check_vacant(folder)
                    raise
        except OSError as error:
            raise _cannot_make(folder, error) from None
        return cls.open(folder)

    @classmethod
    def _fill(
        cls,
        folder: Path,
        settings: Mapping[str, Any],
        given: Mapping[int, Classes],
        rosters: Iterable[Roster],
    ) -> None:
        store = cls(folder)
        try:
            store._database.set_up()
            with store._database.write() as connection:
                queries.write_settings(connection, settings)
                for roster in rosters:
                    growth.write_roster(connection, roster)
            store.add_answers(given, "")
        finally:
            store.close()

    @classmethod
    def open(cls, folder: Path) -> SqliteStore:
        """Open a campaign's folder; raises CampaignError if it is none, or of another schema."""
        if not (folder / FILE_NAME).is_file():
            state = "is no campaign" if folder.exists() else "does not exist"
            raise CampaignError(
                f"{folder} {state}: there is no {FILE_NAME} in it; make a campaign first "
                "(Campaign.create, or `acqkit campaign init`)"
            )
        store = cls(folder)
        try:
            store._database.check()
        except CampaignError:
            store.close()
            raise
        return store

    def close(self) -> None:
        """See `Store.close`."""
        self._database.close()

    def check(self, pairs: int, classes: int, multilabel: bool) -> None:
        """See `Store.check`."""
        with self._database.read() as connection:
            check_rows(connection, self._folder, pairs, classes, multilabel)

    def settings(self) -> dict[str, Any]:
        """See `Store.settings`."""
        with self._database.read() as connection:
            return queries.read_settings(connection)

    def state(self) -> StoredState:
        """See `Store.state`."""
        with self._database.read() as connection:
            with self._reading:
                # Nothing but appending happens to the log, so what was read of it stays read.
                self._standing.add(queries.answers_log(connection, after=self._standing.last))
                answers = dict(self._standing.by_position)
            return StoredState(
                queries.next_round(connection),
                queries.taken_positions(connection),
                answers,
                growth.last_answer(connection),
                growth.last_change(connection),
            )

    def batches(self) -> list[StoredBatch]:
        """See `Store.batches`."""
        with self._database.read() as connection:
            return queries.read_batches(connection)

    def batch(self, batch_id: str) -> StoredBatch | None:
        """See `Store.batch`."""
        with self._database.read() as connection:
            return next(iter(queries.read_batches(connection, batch_id)), None)

    def answers_log(self) -> list[StoredAnswer]:
        """See `Store.answers_log`."""
        with self._database.read() as connection:
            return list(queries.answers_log(connection))

    def add_batch(self, batch: NewBatch) -> str | None:
        """See `Store.add_batch`."""
        with self._database.write() as connection:
            # Whatever takes a pair takes a round, so a free round means free pairs.
            if queries.next_round(connection) != batch.round:
                return None
            if growth.last_change(connection) != batch.changes:
                return None
            if batch.embeddings is not None and not self._trainings.has(batch.embeddings):
                # Another process has trained on newer labels meanwhile and removed them.
                batch = replace(batch, embeddings=None)
            queries.insert_batch(connection, batch)
        if batch.embeddings is not None:
            self._trainings.remove_unused()
        return batch.batch_id

    def withdraw(self, round: int) -> IntArray:
        """Positions `[k]`; see `Store.withdraw`."""
        with self._database.write() as connection:
            return queries.withdraw(connection, round)

    def new_embeddings(self, positions: IntArray) -> AbstractContextManager[EmbeddingFiles]:
        """For pairs at `positions` `[n]`; see `Store.new_embeddings`."""
        return self._trainings.new_embeddings(positions)

    def keep_training(self, training: NewTraining, written: EmbeddingWriter) -> StoredTraining:
        """See `Store.keep_training`."""
        assert isinstance(written, EmbeddingFiles)  # new_embeddings makes no other
        return self._trainings.keep(training, written)

    def training(self, key: str) -> StoredTraining | None:
        """See `Store.training`."""
        return self._trainings.find(key)

    def embeddings(self) -> PairEmbeddings | None:
        """See `Store.embeddings`."""
        return self._trainings.latest_embeddings()

    def add_answers(
        self,
        labels: Mapping[int, Classes],
        annotator: str,
        replace: bool = False,
        again: Mapping[int, Mapping[int, Classes]] | None = None,
    ) -> list[StoredAnswer]:
        """See `Store.add_answers`."""
        asked = questions(labels, again or {})
        with self._database.write() as connection:
            into = merged(growth.read_changes(connection))
            among = {position for position, _ in asked}
            current = standings(queries.answers_log(connection, among))
            clashes = [] if replace else conflicts(current, asked, into)
            if clashes:
                return clashes
            rounds = _rounds(connection, labels)
            added = additions(current, asked, annotator, into)
            queries.insert_answers(connection, added, annotator, rounds)
            return []

    def changes(self) -> list[StoredChange]:
        """See `Store.changes`."""
        with self._database.read() as connection:
            return growth.read_changes(connection)

    def add_change(
        self,
        kind: Kind,
        value: Mapping[str, Any],
        after: int,
        rosters: Sequence[Roster] = (),
        given: Mapping[int, Classes] | None = None,
    ) -> int | None:
        """See `Store.add_change`."""
        with self._database.write() as connection:
            if growth.last_change(connection) != after:
                return None
            growth.write_change(
                connection, kind, value, queries.next_round(connection), queries.now()
            )
            for roster in rosters:
                growth.write_roster(connection, roster)
            if given:
                added = additions({}, questions(given, {}), "", {})
                queries.insert_answers(connection, added, "", _rounds(connection, given))
        return after + 1

    def rosters(self) -> Iterator[Roster]:
        """See `Store.rosters`."""
        with self._database.read() as connection:
            yield from growth.read_rosters(connection)

    def backup(self, folder: Path) -> None:
        """See `Store.backup`; raises CampaignError where no copy can be made."""
        _check_vacant(folder)
        try:
            with temporary_folder(folder) as temporary:
                back_up(self._folder, self._database, temporary)
                publish(temporary, folder)
        except (OSError, sqlite3.Error) as error:
            raise CampaignError(f"no copy can be made in {folder}: {error}") from None

    def records(self) -> list[dict[str, Any]]:
        """See `Store.records`."""
        with self._database.read() as connection:
            return queries.read_records(connection)

    def add_record(self, round: int, record: Mapping[str, Any]) -> None:
        """See `Store.add_record`."""
        with self._database.write() as connection:
            queries.write_record(connection, round, record)


def _rounds(connection: Connection, labels: Mapping[int, Classes]) -> dict[int, int]:
    """The rounds of these pairs; those in no batch make one of labels that nobody asked for."""
    rounds = queries.rounds_of(connection, labels)
    new = np.array(sorted(labels.keys() - rounds.keys()), dtype=np.int64)
    if len(new):
        known = growth.last_answer(connection), growth.last_change(connection)
        round = queries.next_round(connection)
        given = NewBatch(round, "", new, answers=known[0], changes=known[1])
        queries.insert_batch(connection, given)
        rounds |= dict.fromkeys(new.tolist(), round)
    return rounds


def _cannot_make(folder: Path, error: Exception) -> CampaignError:
    return CampaignError(f"no campaign can be made in {folder}: {error}")


def _check_vacant(folder: Path) -> None:
    if (folder / FILE_NAME).exists():
        raise CampaignError(f"{folder} already holds a campaign; open it, or choose another folder")
    if folder.exists():
        raise CampaignError(
            f"{folder} exists already; name a folder that does not, the campaign makes it"
        )
