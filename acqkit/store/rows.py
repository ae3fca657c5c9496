"""What goes into the store and what comes out: plain data, no SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import FloatArray, IntArray, PairEmbeddings
from acqkit.interfaces import ModelState

Classes = tuple[int, ...] | None
"""An answer: the indices of the classes that apply, ascending, or None for "can't tell"."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """One line of the answers log, `number` from 1 on.

    `revision` counts how often the answer to the question was replaced before this one;
    annotators who agree share a revision. `changes` is the number of the latest change that was
    known when the pair was asked for: the answer speaks of the classes of that time and of those
    that it names. With `about` it says of that class alone whether it applies. `at` is
    when it came, as ISO 8601 in UTC.
    """

    position: int
    round: int
    revision: int
    annotator: str
    classes: Classes
    at: str = field(default="", compare=False)
    number: int = 0
    changes: int = 0
    about: int | None = None


@dataclass(frozen=True, eq=False, slots=True)
class NewBatch:
    """Picks of one round: positions `[k]` in order of choice, scores and terms `[k]`.

    `embeddings` is the name of those that the round looked at; `answers` and `changes` are the
    numbers of the latest ones that it knew. With `about` it asks again, about that class alone.
    """

    round: int
    strategy: str
    positions: IntArray
    scores: FloatArray | None = None
    terms: Mapping[str, FloatArray] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
    embeddings: str | None = None
    answers: int = 0
    changes: int = 0
    about: int | None = None

    @property
    def batch_id(self) -> str:
        """By its round; batches without a strategy hold labels that nobody asked for."""
        return f"{'batch' if self.strategy else 'given'}-{self.round:03d}"

    def stored(self) -> StoredBatch:
        """How the batch comes back while nobody has answered."""
        return StoredBatch(
            self.batch_id,
            self.round,
            self.strategy,
            not self.strategy,
            self.positions,
            self.scores,
            self.terms,
            self.record,
            self.positions,
            answers=self.answers,
            changes=self.changes,
            about=self.about,
        )


@dataclass(frozen=True, eq=False, slots=True)
class StoredBatch:
    """A batch as stored, with the positions that nobody has answered yet.

    `given` batches hold labels that nobody asked for. `withdrawn` are the positions that were
    taken out of it before anybody had answered; `positions`, `scores` and `terms` are the rest.
    `answers` and `changes` are the numbers of the latest ones known when it was picked, None
    where a campaign of schema 1 did not note them; `about` is the class that it asks again about.
    """

    batch_id: str
    round: int
    strategy: str
    given: bool
    positions: IntArray
    scores: FloatArray | None
    terms: Mapping[str, FloatArray]
    record: Mapping[str, Any]
    pending: IntArray
    withdrawn: IntArray = field(default_factory=lambda: np.arange(0))
    answers: int | None = None
    changes: int | None = None
    about: int | None = None


@dataclass(frozen=True, eq=False, slots=True)
class StoredState:
    """What a round starts from, read in one transaction.

    `taken` are the positions that are in some batch: labeled, skipped or still asked for.
    `answers` are those that stand, by position, in the order in which they came: one for the
    pair, and one for each class that it was asked again about. `last_answer` and `last_change`
    are the numbers of the latest ones, 0 before any.
    """

    next_round: int
    taken: IntArray
    answers: Mapping[int, tuple[StoredAnswer, ...]]
    last_answer: int = 0
    last_change: int = 0


FACTS = np.dtype([("a", "<u8"), ("b", "<u8"), ("test", "?")])
"""Of one pair: digests of its features, 0 where they are not known, and whether it is a test
pair."""


@dataclass(frozen=True, eq=False, slots=True)
class Roster:
    """By what the `n` pairs from position `start` on are found again in a pool.

    `ids` `[n]` are integers and texts, None where the pool has none and row i is pair i; `facts`
    `[n]` are of dtype `FACTS`.
    """

    start: int
    ids: list[Any] | None
    facts: NDArray[Any]


@dataclass(frozen=True, eq=False, slots=True)
class NewTraining:
    """A training to keep: what it was made from, what the trainer recorded, the model's state.

    `key` is a digest of everything on which the model depends. `model` is None where the
    model cannot be kept.
    """

    key: str
    record: Mapping[str, Any]
    model: ModelState | None


@dataclass(frozen=True, eq=False, slots=True)
class StoredTraining:
    """A training as kept; embeddings are memory-mapped where the store has files.

    `name` is that of the embeddings, by their content, for the batches that are picked with
    them.
    """

    record: Mapping[str, Any]
    model: ModelState | None
    embeddings: PairEmbeddings
    name: str
