"""The state of a campaign: one SQLite file, with large arrays beside it."""

from acqkit.store.rows import Classes as Classes
from acqkit.store.rows import NewBatch as NewBatch
from acqkit.store.rows import StoredAnswer as StoredAnswer
from acqkit.store.rows import StoredBatch as StoredBatch
from acqkit.store.rows import StoredState as StoredState
from acqkit.store.store import Kept as Kept
from acqkit.store.store import Store as Store
