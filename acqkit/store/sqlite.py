"""`SqliteStore`: a campaign in one folder, rows in SQLite and large arrays beside the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from acqkit.embeddings import IntArray, PairEmbeddings
from acqkit.errors import CampaignError
from acqkit.files import publish, temporary_folder
from acqkit.store import queries
from acqkit.store.answers import additions, conflicts, standings
from acqkit.store.arrays import EmbeddingFiles, cannot_keep
from acqkit.store.artifacts import Artifacts
from acqkit.store.backup import back_up
from acqkit.store.check import check_rows
from acqkit.store.database import FILE_NAME, Database
from acqkit.store.models import read_model, write_model
from acqkit.store.rows import (
    Classes,
    NewBatch,
    NewTraining,
    StoredAnswer,
    StoredBatch,
    StoredState,
    StoredTraining,
)
from acqkit.store.store import EmbeddingWriter


class SqliteStore:
    """The state of one campaign in one folder; safe to have open in several processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = Database(folder)
        self._artifacts = Artifacts(folder)

    @classmethod
    def create(
        cls, folder: Path, settings: Mapping[str, Any], given: Mapping[int, Classes] | None = None
    ) -> SqliteStore:
        """Make a campaign's folder, whole or not at all, with labels that are known already.

        Raises CampaignError when the folder exists.
        """
        _check_vacant(folder)
        try:
            with temporary_folder(folder) as temporary:
                try:
                    cls._fill(temporary, settings, given or {})
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
    def _fill(cls, folder: Path, settings: Mapping[str, Any], given: Mapping[int, Classes]) -> None:
        store = cls(folder)
        try:
            store._database.set_up()
            with store._database.write() as connection:
                queries.write_settings(connection, settings)
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
            current = standings(queries.answers_log(connection))
            return StoredState(
                queries.next_round(connection),
                queries.taken_positions(connection),
                {position: standing.answer for position, standing in current.items()},
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
            if batch.embeddings is not None and not self._artifacts.has(batch.embeddings):
                # Another process has trained on newer labels meanwhile and removed them.
                batch = replace(batch, embeddings=None)
            queries.insert_batch(connection, batch)
        if batch.embeddings is not None:
            self._remove_unused()
        return batch.batch_id

    def withdraw(self, round: int) -> IntArray:
        """Positions `[k]`; see `Store.withdraw`."""
        with self._database.write() as connection:
            return queries.withdraw(connection, round)

    @contextmanager
    def new_embeddings(self, positions: IntArray) -> Iterator[EmbeddingFiles]:
        """For pairs at `positions` `[n]`; see `Store.new_embeddings`."""
        with ExitStack() as stack:
            try:
                draft = stack.enter_context(self._artifacts.draft())
            except OSError as error:
                raise cannot_keep(self._folder, error) from None
            yield EmbeddingFiles(draft, positions)

    def keep_training(self, training: NewTraining, written: EmbeddingWriter) -> StoredTraining:
        """See `Store.keep_training`."""
        assert isinstance(written, EmbeddingFiles)  # new_embeddings makes no other
        model = None
        try:
            written.finish()
            with self._artifacts.draft() as draft:
                if training.model is not None:
                    write_model(draft, training.model)
                with self._database.write() as connection:
                    name = self._artifacts.publish(written.draft)
                    if training.model is not None:
                        model = self._artifacts.publish(draft)
                    queries.write_training(connection, training, name, model)
                    # Within the transaction: after it, others may replace and remove them.
                    embeddings = PairEmbeddings.load(self._artifacts.path(name))
        except OSError as error:
            raise cannot_keep(self._folder, error) from None
        self._remove_unused()
        return StoredTraining(training.record, training.model, embeddings, name)

    def training(self, key: str) -> StoredTraining | None:
        """See `Store.training`."""
        with self._database.read() as connection:
            found = queries.read_training(connection)
        if found is None or found["key"] != key or found["model"] is None:
            return None
        model = self._artifacts.find(found["model"])
        embeddings = self._artifacts.find(found["embeddings"])
        if model is None or embeddings is None:
            return None
        try:
            return StoredTraining(
                found["record"],
                read_model(model),
                PairEmbeddings.load(embeddings),
                found["embeddings"],
            )
        except FileNotFoundError:
            return None  # Another process has trained on newer labels this very moment.

    def _remove_unused(self) -> None:
        """Remove the artifacts to which neither the latest batch nor the training refers."""
        # Nobody else publishes or refers to anything while this transaction lasts.
        with self._database.write() as connection:
            self._artifacts.remove_others(queries.artifacts_in_use(connection))

    def embeddings(self) -> PairEmbeddings | None:
        """See `Store.embeddings`."""
        gone = None
        while True:
            with self._database.read() as connection:
                name = queries.newest_embeddings(connection)
            if name is None or name == gone:
                return None
            folder = self._artifacts.find(name)
            try:
                if folder is not None:
                    return PairEmbeddings.load(folder)
            except FileNotFoundError:
                pass
            # Another process has a newer round and removed them, or they are damaged.
            gone = name

    def add_answers(
        self, labels: Mapping[int, Classes], annotator: str, replace: bool = False
    ) -> list[StoredAnswer]:
        """See `Store.add_answers`."""
        with self._database.write() as connection:
            current = standings(queries.answers_log(connection, labels))
            clashes = [] if replace else conflicts(current, labels)
            if clashes:
                return clashes
            positions = np.array(list(labels), dtype=np.int64)
            new = np.setdiff1d(positions, queries.taken_positions(connection, labels))
            if len(new):
                given = NewBatch(queries.next_round(connection), "", new)
                queries.insert_batch(connection, given)
            queries.insert_answers(connection, additions(current, labels, annotator), annotator)
            return []

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


def _cannot_make(folder: Path, error: Exception) -> CampaignError:
    return CampaignError(f"no campaign can be made in {folder}: {error}")


def _check_vacant(folder: Path) -> None:
    if (folder / FILE_NAME).exists():
        raise CampaignError(f"{folder} already holds a campaign; open it, or choose another folder")
    if folder.exists():
        raise CampaignError(
            f"{folder} exists already; name a folder that does not, the campaign makes it"
        )
