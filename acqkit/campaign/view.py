"""The train part as strategies and trainers see it: the one place where positions translate."""

from __future__ import annotations

import numpy as np

from acqkit.campaign.classes import ClassTable
from acqkit.embeddings import IntArray
from acqkit.errors import CampaignError
from acqkit.labels import SKIPPED, UNLABELED, LabelState
from acqkit.pool import PairPool
from acqkit.store import Classes, StoredState


class TrainView:
    """The user's whole pool beside its train part, whose positions start at 0 again.

    Everything stored and handed out is in positions of the whole pool; only what goes into
    a trainer or a strategy, and comes out of it, is in positions of the train part. The
    train part knows no truth and no test pair.
    """

    def __init__(self, whole: PairPool) -> None:
        self.whole = whole
        self.positions = whole.train_positions
        if len(self.positions) == 0:
            raise CampaignError(f"pool {whole.name!r} has no train pairs, so nothing to label")
        part = whole.take(self.positions)
        self._part = part.with_labels(part.labels)
        # Worked out once: every round's pool is made from this one and takes them over.
        self._part.id_keys()

    def __len__(self) -> int:
        return len(self.positions)

    def pool(self, labels: LabelState) -> PairPool:
        """The train part with what is known: `labels` are those of the whole pool."""
        return self._part.with_labels(labels.take(self.positions))

    def free(self, taken: IntArray) -> IntArray:
        """Train-part positions that are not among `taken` (whole-pool positions)."""
        open_to_all = np.ones(len(self.whole), dtype=bool)
        open_to_all[taken] = False
        return np.flatnonzero(open_to_all[self.positions])

    def to_whole(self, positions: IntArray) -> IntArray:
        """Whole-pool positions of train-part positions."""
        return np.asarray(self.positions[positions], dtype=np.int64)


def label_state(pool: PairPool, state: StoredState) -> LabelState:
    """The current answers as label state of the whole pool."""
    labels = LabelState.empty(len(pool), len(pool.class_names))
    classes = ClassTable.after(pool.class_names, ())
    for position, answers in state.answers.items():
        label = classes.label(answers, pool.multilabel)
        if label is None:
            labels.round[position] = SKIPPED
        else:
            # That in which it was labeled first: later ones say more of it, or other things.
            labels.round[position] = next(a.round for a in answers if a.classes is not None)
            labels.matrix[position, list(label)] = 1
    return labels


def known_answers(pool: PairPool) -> dict[int, Classes]:
    """The labels that a pool's train part comes with, as answers by whole-pool position."""
    if pool.known is None:
        return {}
    rounds, matrix = pool.known.round, pool.known.matrix
    told = pool.train_positions[rounds[pool.train_positions] != UNLABELED]
    return {
        position: None
        if rounds[position] == SKIPPED
        else tuple(np.flatnonzero(matrix[position]).tolist())
        for position in told.tolist()
    }
