"""Recording what people answered: checked as a whole, then stored as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acqkit.campaign.answers import Label, contradiction, parse_labels, plain
from acqkit.errors import CampaignError, did_you_mean
from acqkit.pool import PairPool
from acqkit.store import Classes, Store, StoredBatch


def tell(
    store: Store,
    pool: PairPool,
    answers: Mapping[str, Mapping[Any, Label]],
    annotator: str,
    replace: bool,
) -> None:
    """See `Campaign.tell_sheet`; `pool` is the whole pool."""
    parsed: dict[int, Classes] = {}
    for batch_id, labels in answers.items():
        batch = stored_batch(store, batch_id)
        members = {*batch.positions.tolist(), *batch.withdrawn.tolist()}
        for position, classes in parse_labels(labels, pool).items():
            if position not in members:
                raise _not_in_batch(store, pool, position, batch_id)
            # A pair withdrawn from one batch may be in another one too.
            if parsed.setdefault(position, classes) != classes:
                pair = plain(pool.ids[position])
                raise CampaignError(f"pair {pair!r} is given twice, with different labels")
    clashes = store.add_answers(parsed, _name(annotator), replace)
    if clashes:
        remedy = "pass replace=True (--replace)"
        raise contradiction(clashes, parsed, annotator, pool, remedy)


def add_labels(store: Store, pool: PairPool, labels: Mapping[Any, Label], annotator: str) -> None:
    """See `Campaign.add_labels`; `pool` is the whole pool."""
    parsed = parse_labels(labels, pool)
    for position in parsed:
        if pool.test is not None and pool.test[position]:
            raise CampaignError(
                f"pair {plain(pool.ids[position])!r} is kept for evaluation (test), so "
                "its label is not recorded; add labels of train pairs only"
            )
    clashes = store.add_answers(parsed, _name(annotator))
    if clashes:
        remedy = "use tell(batch_id, ..., replace=True)"
        raise contradiction(clashes, parsed, annotator, pool, remedy)


def stored_batch(store: Store, batch_id: str) -> StoredBatch:
    """The batch of that id; raises CampaignError where there is none."""
    stored = store.batch(batch_id) if isinstance(batch_id, str) else None
    if stored is not None:
        return stored
    known = [batch.batch_id for batch in store.batches()]
    hint = did_you_mean(batch_id, known, f"there are {len(known)} batches")
    raise CampaignError(f"the campaign has no batch {batch_id!r}; {hint}")


def _not_in_batch(store: Store, pool: PairPool, position: int, batch_id: str) -> CampaignError:
    homes = [b.batch_id for b in store.batches() if position in b.positions]
    where = f"it is in {homes[0]!r}" if homes else "nobody asked for it; use add_labels"
    pair = plain(pool.ids[position])
    return CampaignError(f"pair {pair!r} is not in batch {batch_id!r}: {where}")


def _name(annotator: Any) -> str:
    if not isinstance(annotator, str):
        raise CampaignError(f"the annotator is {annotator!r}; give a name as text")
    return annotator
