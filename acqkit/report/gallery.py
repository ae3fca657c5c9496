"""What was picked, as people see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from acqkit.embeddings import IntArray
from acqkit.pool import PairPool
from acqkit.pool.display import DisplayColumn, display_columns
from acqkit.report.data import Pick, Side
from acqkit.report.media import MediaShelf
from acqkit.report.runs import RunFolder
from acqkit.runs.folder import StoredBatch

MOST_CARDS = 300
MEDIA_BUDGET = 2_200_000

_LARGEST_MEDIUM = 160_000
_FEWEST_A_ROUND = 3


@dataclass(frozen=True)
class Gallery:
    """Picks by run, and the pictures and sounds that they share."""

    picks: dict[str, list[Pick]]
    shelf: MediaShelf

    @classmethod
    def make(
        cls,
        runs: Sequence[RunFolder],
        batches: Sequence[dict[int, StoredBatch]],
        picked: Sequence[dict[int, IntArray]],
        pool: PairPool | None,
    ) -> Gallery:
        """The first picks of each round of each run's first seed.

        At most `MOST_CARDS` or so, and no more than there is room for their media.
        """
        columns = () if pool is None else display_columns(pool)
        showcase = _Showcase(pool, columns, MediaShelf(MEDIA_BUDGET, _LARGEST_MEDIUM))
        rounds = [
            (run, said, record, where.get(record.round))
            for run, said, where in zip(runs, batches, picked, strict=True)
            for record in run.rounds(run.seeds[0])
            if record.picked
        ]
        each = max(_FEWEST_A_ROUND, MOST_CARDS // max(len(rounds), 1))
        picks: dict[str, list[Pick]] = {run.name: [] for run in runs}
        # Rank by rank, so that every round has its first picks when the page is full.
        for rank in range(each):
            for run, said, record, positions in rounds:
                if rank < len(record.picked) and not showcase.shelf.full:
                    position = None if positions is None else int(positions[rank])
                    pick = showcase.pick(record, rank, said.get(record.round), position)
                    picks[run.name].append(pick)
        for own in picks.values():
            own.sort(key=lambda pick: (pick.round, pick.rank))
        return cls(picks, showcase.shelf)


@dataclass(frozen=True)
class _Showcase:
    pool: PairPool | None
    columns: tuple[DisplayColumn, ...]
    shelf: MediaShelf

    def pick(self, record: Any, rank: int, batch: StoredBatch | None, position: int | None) -> Pick:
        score, terms, reason = None, {}, ""
        if batch is not None:
            score = None if batch.scores is None else float(batch.scores[rank])
            terms = {name: float(values[rank]) for name, values in batch.terms.items()}
            if reasons := batch.record.get("reasons"):
                reason = reasons[rank]
        return Pick(
            id=str(record.picked[rank]),
            round=record.round,
            rank=rank + 1,
            score=score,
            terms=terms,
            reason=reason,
            labels=self._labels(position),
            sides=self._sides(position),
        )

    def _labels(self, position: int | None) -> list[str]:
        if self.pool is None or self.pool.truth is None or position is None:
            return []
        return [self.pool.class_names[c] for c in np.flatnonzero(self.pool.truth[position])]

    def _sides(self, position: int | None) -> list[Side]:
        """Both modalities, then the columns that belong to neither."""
        if self.pool is None or position is None:
            return []
        sides = []
        for modality, present in zip(self.pool.modalities, self.pool.present, strict=True):
            if present is not None and not present[position]:
                note = f"this pair has no {modality}"
                sides.append(Side(modality=modality, kind="note", content=note))
                continue
            sides += self._shown([c for c in self.columns if c.modality == modality], position)
        return sides + self._shown([c for c in self.columns if c.modality is None], position)

    def _shown(self, columns: Sequence[DisplayColumn], position: int) -> list[Side]:
        return [self.shelf.side(column.name, column.values[position]) for column in columns]
