"""Trained models and embeddings of a campaign: rows that name artifacts, and the artifacts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from acqkit.embeddings import IntArray, PairEmbeddings
from acqkit.errors import EmbeddingError
from acqkit.store import queries
from acqkit.store.arrays import EmbeddingFiles, cannot_keep
from acqkit.store.artifacts import Artifacts
from acqkit.store.database import Database
from acqkit.store.models import read_model, write_model
from acqkit.store.rows import NewTraining, StoredTraining


class Trainings:
    """What `SqliteStore` keeps beside its rows; see `Store` for what each method is for."""

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder = folder
        self._database = database
        self._artifacts = Artifacts(folder)

    def has(self, embeddings: str) -> bool:
        """Whether there are embeddings of that name."""
        return self._artifacts.has(embeddings)

    @contextmanager
    def new_embeddings(self, positions: IntArray) -> Iterator[EmbeddingFiles]:
        """For pairs at `positions` `[n]`; see `Store.new_embeddings`."""
        with ExitStack() as stack:
            try:
                draft = stack.enter_context(self._artifacts.draft())
            except OSError as error:
                raise cannot_keep(self._folder, error) from None
            yield EmbeddingFiles(draft, positions)

    def keep(self, training: NewTraining, written: EmbeddingFiles) -> StoredTraining:
        """See `Store.keep_training`."""
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
        self.remove_unused()
        return StoredTraining(training.record, training.model, embeddings, name)

    def find(self, key: str) -> StoredTraining | None:
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

    def remove_unused(self) -> None:
        """Remove the artifacts to which neither the latest batch nor the training refers."""
        # Nobody else publishes or refers to anything while this transaction lasts.
        with self._database.write() as connection:
            self._artifacts.remove_others(queries.artifacts_in_use(connection))

    def latest_embeddings(self) -> PairEmbeddings | None:
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
            except EmbeddingError:
                self._artifacts.warn_of(name)  # of the time before digests
            # Another process has a newer round and removed them, or they are damaged.
            gone = name
