"""Pairs as people see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from acqkit.pool import PairPool
from acqkit.pool.display import DisplayColumn, display_columns
from acqkit.report.data import Pick, Side
from acqkit.report.media import MediaShelf
from acqkit.runs.folder import StoredBatch

MEDIA_BUDGET = 2_200_000

_LARGEST_MEDIUM = 160_000


@dataclass(frozen=True)
class Showcase:
    """Shows pairs of one pool, whose pictures and sounds share a shelf."""

    pool: PairPool | None
    columns: tuple[DisplayColumn, ...]
    shelf: MediaShelf

    @classmethod
    def of(cls, pool: PairPool | None) -> Showcase:
        """An empty one; None stands for a pool that is not at hand, of which nothing is shown."""
        columns = () if pool is None else display_columns(pool)
        return cls(pool, columns, MediaShelf(MEDIA_BUDGET, _LARGEST_MEDIUM))

    def pick(self, record: Any, rank: int, batch: StoredBatch | None, position: int | None) -> Pick:
        """A pick of a round, with what the strategy said of it."""
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
            labels=self.labels(position),
            sides=self._sides(position),
        )

    def labels(self, position: int | None) -> list[str]:
        """Names of the classes of a pair, as far as its truth is known."""
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

    def side(self, position: int | None, modality: str) -> Side | None:
        """What a pair shows of one modality; None where there is nothing."""
        columns = [column for column in self.columns if column.modality == modality]
        if position is None or not columns:
            return None
        return self._shown(columns[:1], position)[0]
