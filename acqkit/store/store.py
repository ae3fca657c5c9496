"""`Store`: everything that a campaign keeps, behind a handful of methods.

The store knows positions in the whole pool and class indices; it knows neither pairs nor
strategies. Each method is one transaction.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from acqkit.embeddings import PairEmbeddings
from acqkit.errors import CampaignError
from acqkit.store import queries
from acqkit.store.answers import additions, conflicts, standings
from acqkit.store.database import FILE_NAME, Database
from acqkit.store.folders import check_vacant, publish, temporary_folder
from acqkit.store.rows import Classes, NewBatch, StoredAnswer, StoredBatch, StoredState

_EMBEDDINGS = "embeddings"


@dataclass(frozen=True, eq=False, slots=True)
class Kept:
    """Embeddings on their way into `folder`."""

    folder: Path
    written: Future[None]


class Store:
    """The state of one campaign in one folder; safe to have open in several processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = Database(folder)

    @classmethod
    def create(
        cls, folder: Path, settings: Mapping[str, Any], given: Mapping[int, Classes] | None = None
    ) -> Store:
        """Make a campaign's folder, whole or not at all, with labels that are known already.

        Raises CampaignError when the folder exists.
        """
        check_vacant(folder, FILE_NAME)
        try:
            with temporary_folder(folder) as temporary:
                cls._fill(temporary, settings, given or {})
                try:
                    publish(temporary, folder)
                except OSError:
                    check_vacant(folder, FILE_NAME)
                    raise
        except OSError as error:
            raise CampaignError(f"no campaign can be made in {folder}: {error}") from None
        return cls.open(folder)

    @classmethod
    def _fill(cls, folder: Path, settings: Mapping[str, Any], given: Mapping[int, Classes]) -> None:
        store = cls(folder)
        try:
            store._database.set_up()
            with store._database.write() as connection:
                queries.write_settings(connection, settings)
            store.add_given(given, "")
        finally:
            store.close()

    @classmethod
    def open(cls, folder: Path) -> Store:
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
        """Close the file; further use is an error."""
        self._database.close()

    def settings(self) -> dict[str, Any]:
        """What the campaign was made with."""
        with self._database.read() as connection:
            return queries.read_settings(connection)

    def state(self) -> StoredState:
        """What the next round starts from."""
        with self._database.read() as connection:
            current = standings(queries.answers_log(connection))
            return StoredState(
                queries.next_round(connection),
                queries.taken_positions(connection),
                {position: standing.answer for position, standing in current.items()},
            )

    def batches(self) -> list[StoredBatch]:
        """Every batch, by round."""
        with self._database.read() as connection:
            return queries.read_batches(connection)

    def batch(self, batch_id: str) -> StoredBatch | None:
        """The batch with that id."""
        with self._database.read() as connection:
            return next(iter(queries.read_batches(connection, batch_id)), None)

    def answers_log(self) -> list[StoredAnswer]:
        """Every answer ever given, replaced ones too, in the order in which they came."""
        with self._database.read() as connection:
            return list(queries.answers_log(connection))

    @contextmanager
    def keeping(self, embeddings: PairEmbeddings | None) -> Iterator[Kept | None]:
        """Write the embeddings that a round looks at while it does, for `add_batch`.

        A thread of its own writes them; removed again where no batch was added with them.
        """
        if embeddings is None:
            yield None
            return
        with ExitStack() as stack:
            with self._explained():
                folder = stack.enter_context(temporary_folder(self._folder / _EMBEDDINGS))
            writer = stack.enter_context(ThreadPoolExecutor(1))
            yield Kept(folder, writer.submit(embeddings.save, folder))

    def add_batch(self, batch: NewBatch, kept: Kept | None = None) -> str | None:
        """Add what a round picked, with what is kept of what it looked at; the batch's id.

        None, and nothing added, when another process has used the round meanwhile. Raises
        CampaignError when a pair is in another batch, which the schema refuses, and where the
        embeddings could not be written.
        """
        if kept is None:
            return self._insert_batch(batch, None)
        with self._explained():
            kept.written.result()
            return self._insert_batch(batch, kept.folder)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CampaignError(f"embeddings cannot be kept in {self._folder}: {error}") from None

    def _insert_batch(self, batch: NewBatch, arrays: Path | None) -> str | None:
        batch_id = f"batch-{batch.round:03d}"
        name = None if arrays is None else f"{_EMBEDDINGS}-{batch.round:03d}"
        with self._database.write() as connection:
            # Whatever takes a pair takes a round, so a free round means free pairs.
            if queries.next_round(connection) != batch.round:
                return None
            queries.insert_batch(connection, batch, batch_id, embeddings=name)
            outdated = self._publish(arrays, name) if arrays and name else []
        for folder in outdated:
            shutil.rmtree(folder, ignore_errors=True)
        return batch_id

    def _publish(self, arrays: Path, name: str) -> list[Path]:
        """Put the arrays in place; returns the folders that may go once this is committed.

        Called while other writers wait, so a folder of this name was left by a process that
        was killed before its batch was committed.
        """
        final = self._folder / name
        if final.exists():
            shutil.rmtree(final)
        publish(arrays, final)
        return [f for f in self._folder.glob(f"{_EMBEDDINGS}-*") if f != final]

    def embeddings(self) -> PairEmbeddings | None:
        """The embeddings of the latest round that had any, memory-mapped."""
        gone = None
        while True:
            with self._database.read() as connection:
                name = queries.newest_embeddings(connection)
            if name is None or name == gone:
                return None
            try:
                return PairEmbeddings.load(self._folder / name)
            except FileNotFoundError:
                # Another process has a newer round and removed them, or somebody else did.
                gone = name

    def add_answers(
        self, round: int, labels: Mapping[int, Classes], annotator: str, replace: bool
    ) -> list[StoredAnswer]:
        """Add answers for pairs of one round's batch; durable when this returns.

        Returns the current answers that `labels` contradict; unless `replace`, nothing at
        all is added when there are any.
        """
        with self._database.write() as connection:
            current = standings(queries.answers_log(connection, round))
            clashes = [] if replace else conflicts(current, labels)
            if not clashes:
                queries.insert_answers(connection, additions(current, labels, annotator), annotator)
            return clashes

    def add_given(self, labels: Mapping[int, Classes], annotator: str) -> list[StoredAnswer]:
        """Add labels that nobody asked for; those of pairs in no batch make one of their own.

        Returns the current answers that `labels` contradict, and then adds nothing.
        """
        with self._database.write() as connection:
            current = standings(queries.answers_log(connection))
            clashes = conflicts(current, labels)
            if clashes:
                return clashes
            positions = np.array(sorted(labels), dtype=np.int64)
            new = np.setdiff1d(positions, queries.taken_positions(connection))
            if len(new):
                batch = NewBatch(queries.next_round(connection), "", new)
                queries.insert_batch(connection, batch, f"given-{batch.round:03d}", given=True)
            queries.insert_answers(connection, additions(current, labels, annotator), annotator)
            return []

    def records(self) -> list[dict[str, Any]]:
        """What was recorded after rounds, by round."""
        with self._database.read() as connection:
            return queries.read_records(connection)

    def add_record(self, round: int, record: Mapping[str, Any]) -> None:
        """Record a round; a later record for the same round stands instead."""
        with self._database.write() as connection:
            queries.write_record(connection, round, record)
