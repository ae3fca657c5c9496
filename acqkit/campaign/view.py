"""The train part as strategies and trainers see it: the one place where positions translate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from acqkit.campaign.classes import ClassTable
from acqkit.embeddings import IntArray
from acqkit.errors import CampaignError
from acqkit.labels import SKIPPED, UNLABELED, LabelState
from acqkit.pool import PairPool
from acqkit.scratch import sparse
from acqkit.store import Classes, StoredBatch, StoredState


class TrainView:
    """The user's whole pool beside its train part, whose positions start at 0 again.

    Everything stored and handed out is in positions of the whole pool; only what goes into
    a trainer or a strategy, and comes out of it, is in positions of the train part. The
    train part knows no truth, no test pair, no pair that is in none of the pools just now, and
    no class that was merged into another one.
    """

    def __init__(self, whole: PairPool, classes: ClassTable | None = None, change: int = 0) -> None:
        self.whole = whole
        self.change = change
        self.classes = classes or ClassTable.after(whole.class_names, ())
        self.positions = _train_positions(whole)
        if len(self.positions) == 0:
            raise CampaignError(f"pool {whole.name!r} has no train pairs, so nothing to label")
        self._live = list(self.classes.live)
        part = whole.take(self.positions)
        names = tuple(self.classes.names[index] for index in self._live)
        unlabeled = LabelState.empty(len(part), len(names))
        self._part = replace(part, class_names=names, truth=None, truth_of=None, known=unlabeled)
        # Worked out once: every round's pool is made from this one and takes them over.
        self._part.id_keys()
        self._read: tuple[int, LabelState] | None = None

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def pairs(self) -> int:
        """How many train pairs there are, also of those that are in no pool just now."""
        return len(self.whole.train_positions)

    def pool(self, labels: LabelState) -> PairPool:
        """The train part with what is known: `labels` are those of the whole pool."""
        rows = labels.take(self.positions)
        if len(self._live) == rows.matrix.shape[1]:
            return self._part.with_labels(rows)
        matrix = sparse((len(rows.round), len(self._live)), np.uint8)
        matrix[rows.labeled] = rows.matrix[rows.labeled][:, self._live]
        return self._part.with_labels(LabelState(rows.round, matrix))

    def labels(self, state: StoredState) -> LabelState:
        """What the answers that stand say of the whole pool; worked out once for a log."""
        if self._read is None or self._read[0] != state.last_answer:
            self._read = (state.last_answer, self._labels(state))
        return self._read[1]

    def _labels(self, state: StoredState) -> LabelState:
        labels = LabelState.empty(len(self.whole), len(self.classes.names))
        for position, answers in state.answers.items():
            label = self.classes.label(answers, self.whole.multilabel)
            if label is None:
                labels.round[position] = SKIPPED
            else:
                # That in which it was labeled first: later ones say more of it, or other things.
                labels.round[position] = next(a.round for a in answers if a.classes is not None)
                labels.matrix[position, list(label)] = 1
        return labels

    def free(self, taken: IntArray) -> IntArray:
        """Train-part positions that may be asked for.

        They are not among `taken` (whole-pool positions), and in a simulation their truth is known.
        """
        open_to_all = np.zeros(len(self.whole), dtype=bool)
        open_to_all[self.whole.answerable(self.positions)] = True
        open_to_all[taken] = False
        return np.flatnonzero(open_to_all[self.positions])

    def waiting(self, taken: IntArray, labels: LabelState) -> IntArray:
        """Train-part positions of `taken` (whole-pool positions) without an answer.

        `labels` are those of the train part.
        """
        asked = np.zeros(len(self.whole), dtype=bool)
        asked[taken] = True
        return np.flatnonzero(asked[self.positions] & (labels.round == UNLABELED))

    def to_whole(self, positions: IntArray) -> IntArray:
        """Whole-pool positions of train-part positions."""
        return np.asarray(self.positions[positions], dtype=np.int64)


def _train_positions(whole: PairPool) -> IntArray:
    """Those of train pairs that have a modality: a pair that is in no pool just now has none."""
    train = whole.train_positions
    a, b = whole.present
    return train if a is None or b is None else train[(a | b)[train]]


def not_asked(
    view: TrainView, state: StoredState, asked: Sequence[StoredBatch], index: int
) -> IntArray:
    """Positions `[k]` of answered pairs of which nobody could say whether a class applies.

    That is, it is newer than their answers, they have not got it, and no batch among `asked`
    (those that ask again) asks about it.
    """
    classes, labels = view.classes, view.labels(state)
    about = {*classes.parts(index), index}
    taken = {p for batch in asked if batch.about in about for p in batch.positions.tolist()}
    return np.array(
        [
            position
            for position in view.positions.tolist()
            if (answers := state.answers.get(position)) is not None
            and position not in taken
            and not labels.matrix[position, index]
            and not any(a.about is None and classes.was_asked(index, a.changes) for a in answers)
        ],
        dtype=np.int64,
    )


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
