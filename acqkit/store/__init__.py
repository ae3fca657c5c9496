"""What lasts of a campaign: a `Store` Protocol, and the one with SQLite behind it."""

from acqkit.store.changes import Kind as Kind
from acqkit.store.changes import StoredChange as StoredChange
from acqkit.store.rows import Classes as Classes
from acqkit.store.rows import NewBatch as NewBatch
from acqkit.store.rows import NewTraining as NewTraining
from acqkit.store.rows import Roster as Roster
from acqkit.store.rows import StoredAnswer as StoredAnswer
from acqkit.store.rows import StoredBatch as StoredBatch
from acqkit.store.rows import StoredState as StoredState
from acqkit.store.rows import StoredTraining as StoredTraining
from acqkit.store.sqlite import SqliteStore as SqliteStore
from acqkit.store.store import EmbeddingWriter as EmbeddingWriter
from acqkit.store.store import Store as Store
