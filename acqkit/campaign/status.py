"""How far a campaign is, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from acqkit.campaign.batch import CampaignStatus
from acqkit.campaign.view import TrainView, label_state
from acqkit.labels import SKIPPED
from acqkit.store import Store


def campaign_status(
    view: TrainView, store: Store, seed: int, parts: Mapping[str, str]
) -> CampaignStatus:
    """Counts of pairs, labels and answers; `parts` are labels of strategy, trainer, model."""
    pool = view.whole
    state = store.state()
    labels = label_state(pool, state)
    pending = [batch for batch in store.batches() if len(batch.pending)]
    per_class = labels.matrix.sum(axis=0, dtype=int).tolist()
    return CampaignStatus(
        pool=pool.name,
        strategy=parts["strategy"],
        trainer=parts["trainer"],
        model=parts["model"],
        seed=seed,
        pairs=len(view),
        labeled=len(labels.labeled),
        skipped=int((labels.round == SKIPPED).sum()),
        pending=sum(len(batch.pending) for batch in pending),
        free=len(view.free(state.taken)),
        rounds=state.next_round,
        open_batches=tuple(batch.batch_id for batch in pending),
        labels_per_class=dict(zip(pool.class_names, per_class, strict=True)),
        answers_by_annotator=dict(Counter(answer.annotator for answer in store.answers_log())),
    )
