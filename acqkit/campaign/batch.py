"""What a campaign hands out: batches of pairs to label, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from acqkit.embeddings import FloatArray, IntArray
from acqkit.store import StoredBatch

if TYPE_CHECKING:
    from acqkit.pool import PairPool


@dataclass(frozen=True, eq=False, slots=True)
class Batch:
    """Pairs to label, in order of choice.

    `ids` `[k]` are the user's own, `positions` `[k]` those in the user's whole pool:
    `pool.ids[batch.positions]` are the ids. `scores` `[k]` and `terms` (name -> `[k]`) are
    what the strategy said of them, `record` what else it had to say. `pending` are the ids
    that nobody had answered when the batch was read, `withdrawn` those that were taken out of
    it again. `given` batches hold labels that nobody asked for; they have no strategy. With
    `about`, the name of a class, it asks whether that class applies, and nothing else.
    """

    batch_id: str
    round: int
    ids: tuple[Any, ...]
    positions: IntArray
    scores: FloatArray | None = None
    terms: Mapping[str, FloatArray] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
    pending: tuple[Any, ...] = ()
    withdrawn: tuple[Any, ...] = ()
    strategy: str = ""
    given: bool = False
    about: str | None = None

    def __len__(self) -> int:
        return len(self.ids)


def batch_of(stored: StoredBatch, pool: PairPool) -> Batch:
    """A stored batch with the ids of its pairs; `pool` is the whole pool."""
    return Batch(
        batch_id=stored.batch_id,
        round=stored.round,
        ids=tuple(pool.ids[stored.positions].tolist()),
        positions=stored.positions,
        scores=stored.scores,
        terms=stored.terms,
        record=stored.record,
        pending=tuple(pool.ids[stored.pending].tolist()),
        withdrawn=tuple(pool.ids[stored.withdrawn].tolist()),
        strategy=stored.strategy,
        given=stored.given,
        about=None if stored.about is None else pool.class_names[stored.about],
    )


@dataclass(frozen=True, slots=True)
class CampaignStatus:
    """How far a campaign is; counts are of pairs of the train part."""

    pool: str
    strategy: str
    trainer: str
    model: str
    seed: int
    pairs: int
    labeled: int
    skipped: int
    pending: int
    free: int
    rounds: int
    open_batches: tuple[str, ...]
    labels_per_class: Mapping[str, int]
    answers_by_annotator: Mapping[str, int]
