"""`PairPool`: all pairs of a pool, with ids, what is known of labels, and what is shown."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray, FloatArray, IntArray
from acqkit.errors import PoolError
from acqkit.interfaces import PairBatch
from acqkit.labels import LabelState
from acqkit.pool.features import FeatureSource, FeatureSubset
from acqkit.randomness import id_keys


@dataclass(frozen=True, eq=False)
class PairPool:
    """All pairs, labeled and unlabeled; immutable.

    `n` pairs in two named modalities. `ids` `[n]` are the user's own (default `0..n-1`),
    positions are `0..n-1`. `truth` `[n, c]` uint8 0/1 is known in simulations only and
    never reaches a trainer or strategy. `test` `[n]` bool marks pairs kept for evaluation.
    `cost` `[n]` and `group` `[n]` are for constraints; `display` columns `[n]` are for
    people to look at. `present` are masks `[n]` of the pairs that have the modality.

    Make one with `acqkit.load_pool`, `PairPool.from_arrays` or `PairPool.from_dataset`.
    """

    features: tuple[FeatureSource, FeatureSource]
    class_names: tuple[str, ...]
    name: str = "pool"
    modalities: tuple[str, str] = ("a", "b")
    explicit_ids: NDArray[Any] | None = None
    multilabel: bool = False
    truth: NDArray[np.uint8] | None = None
    known: LabelState | None = None
    test: BoolArray | None = None
    present: tuple[BoolArray | None, BoolArray | None] = (None, None)
    cost: FloatArray | None = None
    group: NDArray[Any] | None = None
    display: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.features[0])

    @property
    def dims(self) -> tuple[int, int] | None:
        """Feature widths per modality, or None when the pool yields raw pairs."""
        a, b = (source.dim for source in self.features)
        return None if a is None or b is None else (a, b)

    @functools.cached_property
    def ids(self) -> NDArray[Any]:
        """Stable ids, `[n]`."""
        return np.arange(len(self)) if self.explicit_ids is None else self.explicit_ids

    @functools.cached_property
    def labels(self) -> LabelState:
        """The labels known so far."""
        return self.known or LabelState.empty(len(self), len(self.class_names))

    @functools.cached_property
    def _keys(self) -> NDArray[np.uint64]:
        return id_keys(self.ids)

    def id_keys(self) -> NDArray[np.uint64]:
        """A stable 64-bit hash of each id, `[n]`."""
        return self._keys

    @functools.cached_property
    def _positions(self) -> dict[Any, int]:
        return {value: position for position, value in enumerate(self.ids.tolist())}

    def position_of(self, ids: Iterable[Any]) -> IntArray:
        """Positions `[k]` of ids; raises PoolError naming an id that is not in the pool."""
        found = []
        for value in ids:
            key = value.item() if isinstance(value, np.generic) else value
            if key not in self._positions:
                raise PoolError(f"pool {self.name!r} has no pair with id {key!r}")
            found.append(self._positions[key])
        return np.array(found, dtype=np.int64)

    def batch(self, positions: IntArray) -> PairBatch:
        """Inputs and presence masks of the pairs at `positions`, in that order."""
        a, b = (source.rows(positions) for source in self.features)
        present = [None if mask is None else mask[positions] for mask in self.present]
        return PairBatch(positions, a, b, *present)

    @property
    def train_positions(self) -> IntArray:
        """Positions of the pairs that may be learned from and asked for."""
        return np.arange(len(self)) if self.test is None else np.flatnonzero(~self.test)

    @property
    def test_positions(self) -> IntArray:
        """Positions of the pairs kept for evaluation (queries and gallery both)."""
        return np.arange(0) if self.test is None else np.flatnonzero(self.test)

    def take(self, positions: IntArray) -> PairPool:
        """A pool of some pairs, without copying features; its positions start at 0 again."""
        if len(positions) == len(self) and np.array_equal(positions, np.arange(len(self))):
            return self

        def rows(values: NDArray[Any] | None) -> Any:
            return None if values is None else values[positions]

        return PairPool(
            features=(
                FeatureSubset(self.features[0], positions),
                FeatureSubset(self.features[1], positions),
            ),
            class_names=self.class_names,
            name=self.name,
            modalities=self.modalities,
            explicit_ids=self.ids[positions],
            multilabel=self.multilabel,
            truth=rows(self.truth),
            known=self.labels.take(positions),
            test=rows(self.test),
            present=(rows(self.present[0]), rows(self.present[1])),
            cost=rows(self.cost),
            group=rows(self.group),
            display={
                name: _DisplaySubset(column, positions) for name, column in self.display.items()
            },
        )

    def swap_modalities(self) -> PairPool:
        """The same pairs with modalities a and b exchanged."""
        return replace(
            self,
            features=self.features[::-1],
            modalities=self.modalities[::-1],
            present=self.present[::-1],
        )

    def with_labels(self, labels: LabelState) -> PairPool:
        """The same pool with other knowledge; truth is dropped, so nothing can peek at it."""
        return replace(self, known=labels, truth=None)


class _DisplaySubset(Sequence[Any]):
    def __init__(self, column: Sequence[Any], positions: IntArray) -> None:
        self._column = column
        self._positions = positions

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, index: Any) -> Any:
        return self._column[int(self._positions[index])]
