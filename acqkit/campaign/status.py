"""How far a campaign is, counted without its pool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from acqkit.campaign.batch import CampaignStatus
from acqkit.campaign.content import checked_settings
from acqkit.campaign.whereabouts import class_table, sources
from acqkit.components.records import title_of
from acqkit.store import SqliteStore, Store
from acqkit.store.answers import standing_answers


def stored_status(folder: Path) -> CampaignStatus | None:
    """How far the campaign in a folder is; opens neither its pool nor its components.

    None where only the pool knows how many train pairs it has: the campaign was made by an
    older acqkit. Raises CampaignError where there is no campaign, or a damaged one.
    """
    with closing(SqliteStore.open(folder)) as store:
        settings, changes = checked_settings(folder, store)
        parts = [source.train for source in sources(settings, changes)]
        train = [part for part in parts if part is not None]
        return campaign_status(store, settings, sum(train)) if len(train) == len(parts) else None


def campaign_status(store: Store, settings: Mapping[str, Any], train: int) -> CampaignStatus:
    """Counts of pairs, labels and answers; `train` is how many train pairs the pool has."""
    log, batches = store.answers_log(), store.batches()
    pending = [batch for batch in batches if len(batch.pending)]
    classes = class_table(settings, store.changes())
    several = settings["fingerprint"]["multilabel"]
    given = [classes.label(answers, several) for answers in standing_answers(log).values()]
    told = [label for label in given if label is not None]
    per_class = Counter(one for label in told for one in label)
    return CampaignStatus(
        pool=settings["pool"],
        **{kind: title_of(settings[kind]) for kind in ("strategy", "trainer", "model")},
        seed=settings["seed"],
        pairs=train,
        labeled=len(told),
        skipped=len(given) - len(told),
        pending=sum(len(batch.pending) for batch in pending),
        free=train - sum(len(batch.positions) for batch in batches if batch.about is None),
        rounds=batches[-1].round + 1 if batches else 0,
        open_batches=tuple(batch.batch_id for batch in pending),
        labels_per_class={classes.names[index]: per_class[index] for index in classes.live},
        answers_by_annotator=dict(Counter(answer.annotator for answer in log)),
    )
