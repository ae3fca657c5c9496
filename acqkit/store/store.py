"""`Store`: everything that a campaign keeps, as a Protocol of a handful of methods.

A store knows positions in the whole pool and class indices; it knows neither pairs nor
strategies. Whatever implements it passes `acqkit.testing.store_conformance_test`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from acqkit.embeddings import IntArray, PairEmbeddings
from acqkit.store.changes import Kind, StoredChange
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


class EmbeddingWriter(Protocol):
    """Where a pool's embeddings are written, block by block, in the order of positions."""

    def write(self, block: PairEmbeddings) -> None:
        """Append the rows of the next pairs; every block has the arrays of the first.

        Raises CampaignError where they cannot be kept, say on a full disk.
        """
        ...


class Store(Protocol):
    """The state of one campaign; may be open several times, also in several processes.

    Each method is one transaction: what it wrote is durable when it returns, and where it
    raises nothing was written. Everything raises CampaignError once the store is closed.
    """

    def close(self) -> None:
        """Give up what is held open; closing again does nothing."""
        ...

    def settings(self) -> dict[str, Any]:
        """What the campaign was made with."""
        ...

    def check(self, pairs: int, classes: int, multilabel: bool) -> None:
        """Raise CampaignError where a row is none that a step on such a pool could have written.

        Say an answer with a class that is not among `classes` many, or with two where
        `multilabel` is false, or a pair at a position that is not among `pairs` many.
        """
        ...

    def state(self) -> StoredState:
        """What the next round starts from."""
        ...

    def batches(self) -> list[StoredBatch]:
        """Every batch, by round."""
        ...

    def batch(self, batch_id: str) -> StoredBatch | None:
        """The batch with that id."""
        ...

    def answers_log(self) -> list[StoredAnswer]:
        """Every answer ever given, replaced ones too, in the order in which they came."""
        ...

    def add_batch(self, batch: NewBatch) -> str | None:
        """Add what a round picked; the batch's id, which is `batch.batch_id`.

        None, and nothing added, when somebody else has used the round meanwhile, or made a
        change. Raises CampaignError when a pair is in another batch, unless it asks again.
        """
        ...

    def withdraw(self, round: int) -> IntArray:
        """Take the pairs of one round's batch that nobody has answered out of it.

        They are free again, and known as `withdrawn` from it for ever. Returns their positions
        `[k]`.
        """
        ...

    def add_answers(
        self,
        labels: Mapping[int, Classes],
        annotator: str,
        replace: bool = False,
        again: Mapping[int, Mapping[int, Classes]] | None = None,
    ) -> list[StoredAnswer]:
        """Add answers by position, all or none, by the rule of `acqkit.store.answers`.

        Those of pairs in no batch make a batch of labels that nobody asked for. `again` has, by
        round and position, answers to batches that ask again about one class: it, or none.
        Returns the current answers that the new ones contradict, and then adds nothing. With
        `replace` they are replaced, and none are returned.
        """
        ...

    def changes(self) -> list[StoredChange]:
        """Every change, in the order in which they came."""
        ...

    def add_change(
        self,
        kind: Kind,
        value: Mapping[str, Any],
        after: int,
        rosters: Sequence[Roster] = (),
        given: Mapping[int, Classes] | None = None,
    ) -> int | None:
        """Append a change (`acqkit.store.changes` says what of), with all that comes with it.

        That is rosters of pairs, and labels that new pairs come with. Returns its number; None,
        and nothing added, where the latest change is not number `after`.
        """
        ...

    def rosters(self) -> Iterable[Roster]:
        """By what pairs are found again, by first position; those of schema 1 have none.

        They are read one after the other: those of a large pool are many.
        """
        ...

    def backup(self, folder: Path) -> None:
        """Copy all of it to a folder that is not there yet, as it is at one moment.

        Others may read and write meanwhile; the copy is a store of its own. Raises CampaignError
        when the folder exists or cannot be written, and then leaves nothing.
        """
        ...

    def records(self) -> list[dict[str, Any]]:
        """What was recorded after rounds, by round."""
        ...

    def add_record(self, round: int, record: Mapping[str, Any]) -> None:
        """Record a round; a later record for the same round stands instead."""
        ...

    def new_embeddings(self, positions: IntArray) -> AbstractContextManager[EmbeddingWriter]:
        """Room for embeddings of the pairs at `positions` `[n]`, row i of position i.

        They are kept by `keep_training` within the block, and gone after it if they were not.
        """
        ...

    def keep_training(self, training: NewTraining, written: EmbeddingWriter) -> StoredTraining:
        """Keep a training with the embeddings `written`, in the place of the one before it."""
        ...

    def training(self, key: str) -> StoredTraining | None:
        """The training kept last, if that is its key; None too where it is damaged or gone."""
        ...

    def embeddings(self) -> PairEmbeddings | None:
        """The embeddings of the latest batch that names any; None where they are damaged."""
        ...
