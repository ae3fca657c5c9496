"""What people said, one row a pair: the label that stands, who gave it and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from acqkit.embeddings import IntArray
from acqkit.labels import UNLABELED, LabelState
from acqkit.pool import PairPool
from acqkit.store import StoredAnswer


@dataclass(frozen=True, slots=True)
class LabelRow:
    """The label of the pair at `position`: `names` of its classes, None for "can't tell".

    annotators: everybody whose latest answer it is, empty names left out. at: when the first of
    them gave it. round: of the batch. confidence: the share of all annotators of the pair whose
    latest answer it is.
    """

    position: int
    names: tuple[str, ...] | None
    annotators: tuple[str, ...]
    at: str
    round: int
    confidence: float


def label_rows(pool: PairPool, labels: LabelState, log: Iterable[StoredAnswer]) -> list[LabelRow]:
    """A row for every pair that is labeled or skipped, by position; `log` in order of writing."""
    by_position: dict[int, list[StoredAnswer]] = defaultdict(list)
    for answer in log:
        by_position[answer.position].append(answer)
    told: IntArray = np.flatnonzero(labels.round != UNLABELED)
    known = set(labels.labeled.tolist())
    return [
        _row(position, _names(pool, labels, position) if position in known else None, own)
        for position in told.tolist()
        if (own := by_position[position])
    ]


def _names(pool: PairPool, labels: LabelState, position: int) -> tuple[str, ...]:
    return tuple(pool.class_names[c] for c in np.flatnonzero(labels.matrix[position]))


def _row(position: int, names: tuple[str, ...] | None, answers: Sequence[StoredAnswer]) -> LabelRow:
    questions: dict[int | None, list[StoredAnswer]] = defaultdict(list)
    for answer in answers:
        questions[answer.about].append(answer)
    asked, behind = {answer.annotator for answer in answers}, set[str]()
    for own in questions.values():
        latest = max(answer.revision for answer in own)
        standing = [answer for answer in own if answer.revision == latest]
        # Whoever replaced their own answer counts once, with the later one.
        behind |= {answer.annotator for answer in own} - {answer.annotator for answer in standing}
    agreeing = asked - behind
    first = standing[0]  # of the question that was asked last
    return LabelRow(
        position,
        names,
        tuple(sorted(filter(None, agreeing))),
        first.at,
        first.round,
        len(agreeing) / len(asked),
    )
