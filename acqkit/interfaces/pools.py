"""Pairs as models and strategies see them, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray, FloatArray, IntArray
from acqkit.labels import LabelState

Inputs = Any
"""What a model reads of one modality: an array `[k, ...]` or a list of `k` raw items."""


@dataclass(frozen=True, eq=False, slots=True)
class PairBatch:
    """Some pairs as a model reads them: inputs and presence masks per modality.

    positions `[k]`: of the pairs in their pool. a, b: arrays `[k, ...]` or lists of `k` raw
    items. present_a, present_b `[k]`: False where a pair lacks the modality; None if none does.
    """

    positions: IntArray
    a: Inputs
    b: Inputs
    present_a: BoolArray | None = None
    present_b: BoolArray | None = None

    def __len__(self) -> int:
        return len(self.positions)

    @classmethod
    def of_one(cls, side: int, inputs: Inputs, width: int | None = None) -> PairBatch:
        """A batch of `k` pairs that have one modality alone: `side` 0 (a) or 1 (b).

        inputs: of that modality, `k` of them. width: of the features of the other one, which
        are zeros `[k, width]` then; None where a model reads raw items.
        """
        k = len(inputs)
        nothing: Inputs = [None] * k if width is None else np.zeros((k, width), np.float32)
        a, b = (nothing, inputs) if side else (inputs, nothing)
        absent = np.zeros(k, dtype=bool)
        masks = (absent, None) if side else (None, absent)
        return cls(np.arange(k), a, b, *masks)


@runtime_checkable
class Pool(Protocol):
    """All pairs, labeled and unlabeled, as models and strategies see them.

    Labels are those *known so far*: the truth of a simulation never passes through here.
    """

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def modalities(self) -> tuple[str, str]:
        """Names of modality a and b, such as `("image", "text")`."""
        ...

    @property
    def ids(self) -> NDArray[Any]:
        """The user's ids, `[n]`, no two alike."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the `c` classes; a class's number is its place here."""
        ...

    @property
    def multilabel(self) -> bool:
        """Whether a pair may be of several classes, or of none."""
        ...

    @property
    def labels(self) -> LabelState:
        """The labels known so far, of all pairs."""
        ...

    @property
    def cost(self) -> FloatArray | None:
        """What a label of each pair costs, `[n]`, in the user's unit; None where all cost alike."""
        ...

    @property
    def group(self) -> NDArray[Any] | None:
        """A group of each pair, `[n]`, for quotas; None without groups."""
        ...

    @property
    def dims(self) -> tuple[int, int] | None:
        """Feature widths of a and b, or None when the pool yields raw pairs."""
        ...

    def __len__(self) -> int: ...
    def batch(self, positions: IntArray) -> PairBatch:
        """The inputs of the pairs at `positions` `[k]`, in that order."""
        ...

    def id_keys(self) -> NDArray[np.uint64]:
        """A stable 64-bit hash of each id, `[n]`."""
        ...


@runtime_checkable
class PoolSource(Protocol):
    """Makes a pool with known truth: a data set by name."""

    def load(self) -> Pool:
        """The pool; raises PoolError where files of the data set are missing or damaged."""
        ...
