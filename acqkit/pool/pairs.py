"""`PairPool`: all pairs of a pool, with ids, labels and display columns."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray, FloatArray, IntArray
from acqkit.errors import PoolError, shown
from acqkit.interfaces import PairBatch
from acqkit.labels import LabelState
from acqkit.pool.arrays import Columns, checked_fields
from acqkit.pool.built import EncoderAbout
from acqkit.pool.dataset import DatasetKeys, dataset_columns
from acqkit.pool.features import ColumnSubset, FeatureSource, FeatureSubset
from acqkit.pool.ids import IdIndex
from acqkit.pool.source import ARGUMENTS, Source
from acqkit.randomness import id_keys
from acqkit.scratch import taken


@dataclass(frozen=True, eq=False)
class PairPool:
    """All pairs, labeled and unlabeled; immutable.

    `n` pairs in two named modalities. `ids` `[n]` are the user's own (default `0..n-1`),
    positions are `0..n-1`. `truth` `[n, c]` uint8 0/1 is known in simulations only and
    never reaches a trainer or strategy. `truth_of` `[n]` bool marks the pairs whose truth it is,
    None for all: a simulation asks for these alone, and evaluates on these alone. `test` `[n]`
    bool marks pairs kept for evaluation.
    `cost` `[n]` and `group` `[n]` are for constraints; `display` columns `[n]` are for
    people to look at. `present` are masks `[n]` of the pairs that have the modality. `encoders`
    are how features were made from raw items, by modality, where a pool was built from files.

    Make one with `acqkit.load_pool`, `PairPool.from_arrays` or `PairPool.from_dataset`.
    """

    features: tuple[FeatureSource, FeatureSource]
    class_names: tuple[str, ...]
    name: str = "pool"
    modalities: tuple[str, str] = ("a", "b")
    explicit_ids: NDArray[Any] | None = None
    multilabel: bool = False
    truth: NDArray[np.uint8] | None = None
    truth_of: BoolArray | None = None
    known: LabelState | None = None
    test: BoolArray | None = None
    present: tuple[BoolArray | None, BoolArray | None] = (None, None)
    cost: FloatArray | None = None
    group: NDArray[Any] | None = None
    display: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    encoders: Mapping[str, EncoderAbout] = field(default_factory=dict)

    @classmethod
    def from_arrays(
        cls,
        a: Any,
        b: Any,
        *,
        labels: Any = None,
        class_names: Sequence[str] | None = None,
        ids: Any = None,
        modalities: tuple[str, str] = ("a", "b"),
        name: str = "pool",
        multilabel: bool | None = None,
        split: Any = None,
        present: Any = (None, None),
        cost: Any = None,
        group: Any = None,
        display: Mapping[str, Sequence[Any]] | None = None,
        labeled_round: Any = None,
        source: str | Path | None = None,
    ) -> PairPool:
        """A pool from columns in memory or memory-mapped; row i of each is pair i.

        a, b: features `[n, ...]`, numbers; read as float32, kept as they are.
        labels: the truth of a simulation: 0/1 `[n, c]`, `[n]` class numbers or names, or
            `n` collections of names; None, with `class_names`, where only people know.
        labeled_round: `[n]` integers, the round (from 0) in which the pair was labeled
            before the campaign, -1 where it was not. `labels` are then what is known; they
            are the truth as well if pairs not yet labeled have labels too.
        multilabel: None goes by the kind of labels: names and class numbers are one a pair,
            collections of names any number; 0/1 rows are multi-label if any has not exactly one.
        split: `[n]` of `train` or `test`.
        present: masks `[n]` bool of the pairs that have modality a and b, or a mapping
            from modality names to masks. Features of absent pairs are read as zeros.
        cost, group: `[n]` numbers >= 0; `[n]` integers or strings.
        display: columns `[n]` of text, of pictures or sounds as bytes, or of their files as
            `pathlib.Path`.
        source: the file that messages name.

        Raises PoolError naming the source, the column and the first offending row.
        """
        columns = Columns(
            a=a,
            b=b,
            labels=labels,
            class_names=class_names,
            ids=ids,
            modalities=modalities,
            name=name,
            multilabel=multilabel,
            split=split,
            present=present,
            cost=cost,
            group=group,
            display=display,
            labeled_round=labeled_round,
        )
        with Source(None if source is None else str(source), names=ARGUMENTS).naming():
            return cls(**checked_fields(columns))

    @classmethod
    def from_dataset(
        cls,
        dataset: Any,
        *,
        columns: tuple[str | int, str | int] = (0, 1),
        label_column: str | int | None = None,
        id_column: str | int | None = None,
        class_names: Sequence[str] | None = None,
        modalities: tuple[str, str] | None = None,
        **others: Any,
    ) -> PairPool:
        """A pool over a map-style torch `Dataset` or a Hugging Face `datasets.Dataset`.

        Items are tuples or mappings; `columns` says which two of their parts are the
        modalities, by index or key. Vectors of numbers are read at once into arrays; anything
        else (images, strings, sounds) is read when a batch asks for it and reaches the model
        as a list of raw items. `label_column` and `id_column` are read at once. `modalities`
        are by default the columns' names. `others` are as in `from_arrays`.

        Raises PoolError naming the column and the first offending item.
        """
        keys = DatasetKeys(columns[0], columns[1], label_column, id_column)
        with keys.source.naming():
            given = dataset_columns(
                dataset, keys, class_names=class_names, modalities=modalities, **others
            )
            return cls(**checked_fields(given))

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
    def _index(self) -> IdIndex | dict[Any, int]:
        if self.ids.dtype.kind != "O":
            return IdIndex(self.ids, self.id_keys())
        return {value: position for position, value in enumerate(self.ids.tolist())}

    def find(self, ids: Sequence[Any]) -> IntArray:
        """Positions `[k]` of ids, -1 where one is not in the pool."""
        keys = [value.item() if isinstance(value, np.generic) else value for value in ids]
        if self.explicit_ids is None:
            here = (isinstance(key, int) and 0 <= key < len(self) for key in keys)
            found = [key if is_here else -1 for key, is_here in zip(keys, here, strict=True)]
        elif isinstance(self._index, IdIndex):
            return self._index.find(keys)
        else:
            index = self._index
            found = [index.get(key, -1) if isinstance(key, Hashable) else -1 for key in keys]
        return np.array(found, dtype=np.int64)

    def position_of(self, ids: Iterable[Any]) -> IntArray:
        """Positions `[k]` of ids; raises PoolError naming an id that is not in the pool."""
        wanted = list(ids)
        found = self.find(wanted)
        if (found < 0).any():
            missing = wanted[int(np.argmax(found < 0))]
            missing = missing.item() if isinstance(missing, np.generic) else missing
            raise PoolError(f"pool {self.name!r} has no pair with id {shown(missing)}")
        return found

    def batch(self, positions: IntArray) -> PairBatch:
        """Inputs and presence masks of the pairs at `positions` `[k]`, in that order."""
        present = [None if mask is None else np.asarray(mask[positions]) for mask in self.present]
        a, b = (
            _without_absent(source.rows(positions), mask)
            for source, mask in zip(self.features, present, strict=True)
        )
        return PairBatch(positions, a, b, *present)

    @property
    def train_positions(self) -> IntArray:
        """Positions `[t]` of the pairs that may be learned from and asked for, ascending."""
        return np.arange(len(self)) if self.test is None else np.flatnonzero(~self.test)

    @property
    def test_positions(self) -> IntArray:
        """Positions `[e]` of the pairs for evaluation (queries and gallery both), ascending."""
        return np.arange(0) if self.test is None else np.flatnonzero(self.test)

    def answerable(self, positions: IntArray) -> IntArray:
        """Those of `positions` `[k]` whose truth is known, if that of any is; in their order."""
        return positions if self.truth_of is None else positions[self.truth_of[positions]]

    def take(self, positions: IntArray) -> PairPool:
        """A pool of the pairs at `positions` `[k]`, without copying features.

        Its own positions start at 0 again, in the order of `positions`.
        """
        if len(positions) == len(self) and np.array_equal(positions, np.arange(len(self))):
            return self

        def rows(values: NDArray[Any] | None) -> Any:
            return None if values is None else taken(values, positions)

        return PairPool(
            features=(
                FeatureSubset(self.features[0], positions),
                FeatureSubset(self.features[1], positions),
            ),
            class_names=self.class_names,
            name=self.name,
            modalities=self.modalities,
            explicit_ids=taken(self.ids, positions),
            multilabel=self.multilabel,
            truth=rows(self.truth),
            truth_of=rows(self.truth_of),
            # None stays None: an empty state of a large pool takes memory.
            known=None if self.known is None else self.known.take(positions),
            test=rows(self.test),
            present=(rows(self.present[0]), rows(self.present[1])),
            cost=rows(self.cost),
            group=rows(self.group),
            display={
                name: ColumnSubset(column, positions) for name, column in self.display.items()
            },
            encoders=self.encoders,
        )

    def swap_modalities(self) -> PairPool:
        """The same pairs with modalities a and b exchanged."""
        return self._changed(
            features=self.features[::-1],
            modalities=self.modalities[::-1],
            present=self.present[::-1],
        )

    def with_labels(self, labels: LabelState) -> PairPool:
        """The same pool with other known labels and without the truth, which nothing may see."""
        return self._changed(known=labels, truth=None, truth_of=None)

    def _changed(self, **fields: Any) -> PairPool:
        """A copy with other fields, keeping what was computed from the ids."""
        changed = replace(self, **fields)
        for cached in ("ids", "_keys", "_index"):
            if cached in self.__dict__:
                changed.__dict__[cached] = self.__dict__[cached]
        return changed


def _without_absent(inputs: Any, present: BoolArray | None) -> Any:
    """Inputs with zeros for absent pairs; raw items are left alone."""
    if present is None or present.all() or not isinstance(inputs, np.ndarray):
        return inputs
    inputs = inputs.copy()
    inputs[~present] = 0
    return inputs
