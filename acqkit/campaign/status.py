"""How far a campaign is, counted without its pool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from acqkit.campaign.batch import CampaignStatus
from acqkit.campaign.content import checked_settings
from acqkit.components.resolve import title_of
from acqkit.store import SqliteStore, Store
from acqkit.store.answers import standings


def stored_status(folder: Path) -> CampaignStatus | None:
    """How far the campaign in a folder is; opens neither its pool nor its components.

    None where only the pool knows how many train pairs it has: the campaign was made by an
    older acqkit. Raises CampaignError where there is no campaign, or a damaged one.
    """
    with closing(SqliteStore.open(folder)) as store:
        settings = checked_settings(folder, store)
        train = settings["fingerprint"].get("train")
        return None if train is None else campaign_status(store, settings, train)


def campaign_status(store: Store, settings: Mapping[str, Any], train: int) -> CampaignStatus:
    """Counts of pairs, labels and answers; `train` is how many train pairs the pool has."""
    log, batches = store.answers_log(), store.batches()
    pending = [batch for batch in batches if len(batch.pending)]
    given = [standing.answer.classes for standing in standings(log).values()]
    told = [classes for classes in given if classes is not None]
    per_class = Counter(one for classes in told for one in classes)
    names = settings["fingerprint"]["classes"]
    return CampaignStatus(
        pool=settings["pool"],
        **{kind: title_of(settings[kind]) for kind in ("strategy", "trainer", "model")},
        seed=settings["seed"],
        pairs=train,
        labeled=len(told),
        skipped=len(given) - len(told),
        pending=sum(len(batch.pending) for batch in pending),
        free=train - sum(len(batch.positions) for batch in batches),
        rounds=batches[-1].round + 1 if batches else 0,
        open_batches=tuple(batch.batch_id for batch in pending),
        labels_per_class={name: per_class[index] for index, name in enumerate(names)},
        answers_by_annotator=dict(Counter(answer.annotator for answer in log)),
    )
