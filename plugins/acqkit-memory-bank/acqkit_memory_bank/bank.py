"""The memory: unit features and class probabilities per pair and modality."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray, FloatArray, IntArray
from acqkit.errors import ConfigError
from acqkit.labels import LabelState

CAPACITY = 65_536
"""Pairs in memory by default: 180 MiB at width 64 with 300 classes."""
Sides = tuple[FloatArray, FloatArray]

_TINY = 1e-12


class MemoryBank:
    """Features and class probabilities of pairs, per modality, as of their latest update.

    A row holds a unit feature `[dim]` (zeros where the modality is absent) and class
    probabilities `[c]` per modality; an update keeps a share `momentum` of both. Labeled pairs
    have rows of their own from the start, with the label in place of probabilities, and are
    never evicted. The others share what `capacity` leaves, first in, first out. Memory is
    O(min(n, capacity) · (dim + c)).

    labels: what is known of the pool's `n` pairs. capacity: rows in all; more where there are
    more labeled pairs. Source: A semi-supervised cross-modal memory bank for cross-modal
    retrieval, Neurocomputing 579, 2024, doi 10.1016/j.neucom.2024.127430.
    """

    def __init__(
        self,
        labels: LabelState,
        dim: int,
        *,
        multilabel: bool,
        momentum: float = 0.3,
        capacity: int = CAPACITY,
    ) -> None:
        n, classes = labels.matrix.shape
        known = labels.labeled
        rows = min(n, max(capacity, len(known)))
        self.labels, self.multilabel, self.momentum = labels, multilabel, momentum
        self.features = np.zeros((2, rows, dim), dtype=np.float32)
        self.probabilities = np.zeros((2, rows, classes), dtype=np.float32)
        self.seen = np.zeros((2, rows), dtype=bool)
        """Whether a row's modality has been updated at all."""
        self._positions = np.full(rows, -1, dtype=np.int64)
        self._row_of = np.full(n, -1, dtype=np.int64)
        self._pinned = len(known)
        self._cursor = 0
        self._positions[: len(known)] = known
        self._row_of[known] = np.arange(len(known))
        self.probabilities[:, : len(known)] = labels.matrix[known]

    def __len__(self) -> int:
        """Rows with at least one modality seen."""
        return int(self.seen.any(axis=0).sum())

    def rows(self) -> IntArray:
        """Rows `[r]` that hold a pair, in the order of the pairs' positions."""
        held = np.flatnonzero(self.seen.any(axis=0))
        return held[np.argsort(self._positions[held], kind="stable")]

    def positions_of(self, rows: IntArray) -> IntArray:
        """Positions in the pool `[k]` of `rows` `[k]`."""
        return self._positions[rows]

    def is_labeled(self, rows: IntArray) -> BoolArray:
        """Which of `rows` `[k]` belong to labeled pairs."""
        return rows < self._pinned

    def update(self, positions: IntArray, features: Sides, probabilities: Sides) -> None:
        """Update the rows of `k` distinct pairs.

        features: per modality `[k, dim]`, scaled to unit length here; a row of zeros is an
        absent modality and leaves the memory as it is. probabilities: per modality `[k, c]`.
        """
        rows = self._rows_for(positions)
        kept = rows >= 0
        rows = rows[kept]
        free = rows >= self._pinned
        for side in (0, 1):
            new = features[side][kept]
            length = np.linalg.norm(new, axis=1, keepdims=True)
            present = length[:, 0] > _TINY
            own, new = rows[present], new[present] / length[present]
            share = self.momentum * self.seen[side, own, None].astype(np.float32)
            mixed = share * self.features[side, own] + (1 - share) * new
            self.features[side, own] = mixed / np.maximum(
                np.linalg.norm(mixed, axis=1, keepdims=True), _TINY
            )
            open_ = free[present]
            share, own_open = share[open_], own[open_]
            self.probabilities[side, own_open] = (
                share * self.probabilities[side, own_open]
                + (1 - share) * probabilities[side][kept][present][open_]
            )
            self.seen[side, own] = True

    def _rows_for(self, positions: IntArray) -> IntArray:
        """The rows of pairs `[k]`, evicting others where needed; -1 for those without a row."""
        rows = self._row_of[positions]
        newcomers = np.flatnonzero(rows < 0)
        ring = len(self._positions) - self._pinned
        newcomers = newcomers[-ring:] if ring else newcomers[:0]
        taken = self._pinned + (self._cursor + np.arange(len(newcomers))) % max(ring, 1)
        self._cursor = (self._cursor + len(newcomers)) % max(ring, 1)
        evicted = self._positions[taken]
        self._row_of[evicted[evicted >= 0]] = -1
        self.seen[:, taken] = False
        self._positions[taken] = positions[newcomers]
        self._row_of[positions[newcomers]] = taken
        found: IntArray = self._row_of[positions]
        return found

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Everything that changes: arrays `[2, capacity, ...]`, positions `[capacity]`, cursor."""
        return {
            "features": self.features,
            "probabilities": self.probabilities,
            "seen": self.seen,
            "positions": self._positions,
            "cursor": np.array(self._cursor),
        }

    def restore(self, state: dict[str, NDArray[np.generic]]) -> None:
        """Go on from a `state`, arrays `[2, capacity, ...]`; raises ConfigError for another one."""
        own = self.state()
        for name, mine in own.items():
            if name not in state or state[name].shape != mine.shape:
                got = state[name].shape if name in state else "nothing"
                raise ConfigError(
                    f"the saved memory bank has {name} {got}, this one needs {mine.shape}; "
                    "restore it into a bank of the same pool, labels, width and capacity"
                )
        pinned = self._positions[: self._pinned]
        if not np.array_equal(state["positions"][: self._pinned], pinned):
            raise ConfigError("the saved memory bank has other labeled pairs than this one")
        self.features = np.array(state["features"], dtype=np.float32)
        self.probabilities = np.array(state["probabilities"], dtype=np.float32)
        self.seen = np.array(state["seen"], dtype=bool)
        self._positions = np.array(state["positions"], dtype=np.int64)
        self._cursor = int(state["cursor"])
        self._row_of[:] = -1
        taken = np.flatnonzero(self._positions >= 0)
        self._row_of[self._positions[taken]] = taken

    def save(self, path: Path) -> None:
        """Write the whole state to an .npz file."""
        with path.open("wb") as file:
            np.savez(file, **cast(dict[str, Any], self.state()))

    def load(self, path: Path) -> None:
        """Go on from a file that `save` wrote; raises ConfigError as `restore` does."""
        with np.load(path) as stored:
            self.restore({name: stored[name] for name in stored.files})
