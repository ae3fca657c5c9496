"""Recording what people answered: checked as a whole, then stored as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acqkit.campaign.answers import Label, contradiction, parse_labels, plain
from acqkit.campaign.classes import ClassTable
from acqkit.errors import CampaignError, did_you_mean, shown
from acqkit.pool import PairPool
from acqkit.store import Classes, Store, StoredBatch
from acqkit.store.answers import questions


def tell(
    store: Store,
    pool: PairPool,
    classes: ClassTable,
    answers: Mapping[str, Mapping[Any, Label]],
    annotator: str,
    replace: bool,
) -> None:
    """See `Campaign.tell_sheet`; `pool` is the whole pool, `classes` are those that it has."""
    parsed: dict[int, Classes] = {}
    again: dict[int, dict[int, Classes]] = {}
    for batch_id, labels in answers.items():
        batch = stored_batch(store, batch_id)
        members = {*batch.positions.tolist(), *batch.withdrawn.tolist()}
        told = _told(batch, labels, pool, classes)
        into = parsed if batch.about is None else again.setdefault(batch.round, {})
        for position, label in told.items():
            if position not in members:
                raise _not_in_batch(store, pool, position, batch_id)
            # A pair withdrawn from one batch may be in another one too.
            if into.setdefault(position, label) != label:
                pair = plain(pool.ids[position])
                raise CampaignError(f"pair {shown(pair)} is given twice, with different labels")
    clashes = store.add_answers(parsed, _name(annotator), replace, again)
    if clashes:
        remedy = "pass replace=True (--replace)"
        raise contradiction(clashes, questions(parsed, again), annotator, pool, remedy)


def _told(
    batch: StoredBatch, labels: Mapping[Any, Label], pool: PairPool, classes: ClassTable
) -> dict[int, Classes]:
    """Answers to a batch by position; where it asks about one class, that class or none."""
    if batch.about is None:
        return parse_labels(labels, pool, classes.former)
    found = parse_labels(labels, pool, classes.former, multilabel=True)
    wanted = {classes.into.get(batch.about, batch.about)}
    for position, label in found.items():
        if label and {classes.into.get(index, index) for index in label} != wanted:
            pair, name = plain(pool.ids[position]), shown(pool.class_names[batch.about])
            raise CampaignError(
                f"pair {shown(pair)}: {batch.batch_id} asks about class {name} alone; "
                "answer it where it applies, no class (-) where it does not, or SKIP (?)"
            )
    return {position: (batch.about,) if label else label for position, label in found.items()}


def add_labels(
    store: Store, pool: PairPool, classes: ClassTable, labels: Mapping[Any, Label], annotator: str
) -> None:
    """See `Campaign.add_labels`; `pool` is the whole pool, `classes` are those that it has."""
    parsed = parse_labels(labels, pool, classes.former)
    for position in parsed:
        if pool.test is not None and pool.test[position]:
            raise CampaignError(
                f"pair {shown(plain(pool.ids[position]))} is kept for evaluation (test), so "
                "its label is not recorded; add labels of train pairs only"
            )
    clashes = store.add_answers(parsed, _name(annotator))
    if clashes:
        remedy = "use tell(batch_id, ..., replace=True)"
        raise contradiction(clashes, questions(parsed, {}), annotator, pool, remedy)


def stored_batch(store: Store, batch_id: str) -> StoredBatch:
    """The batch of that id; raises CampaignError where there is none."""
    stored = store.batch(batch_id) if isinstance(batch_id, str) else None
    if stored is not None:
        return stored
    known = [batch.batch_id for batch in store.batches()]
    hint = did_you_mean(batch_id, known, f"there are {len(known)} batches")
    raise CampaignError(f"the campaign has no batch {shown(batch_id)}; {hint}")


def _not_in_batch(store: Store, pool: PairPool, position: int, batch_id: str) -> CampaignError:
    homes = [b.batch_id for b in store.batches() if position in b.positions]
    where = f"it is in {homes[0]!r}" if homes else "nobody asked for it; use add_labels"
    pair = plain(pool.ids[position])
    return CampaignError(f"pair {shown(pair)} is not in batch {shown(batch_id)}: {where}")


def _name(annotator: Any) -> str:
    if not isinstance(annotator, str):
        raise CampaignError(f"the annotator is {shown(annotator)}; give a name as text")
    return annotator
