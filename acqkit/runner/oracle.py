"""The oracle of a simulation: it knows the truth and answers for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.campaign import Batch
from acqkit.embeddings import IntArray
from acqkit.errors import PoolError
from acqkit.pool import PairPool


class TruthOracle:
    """Answers with the pool's own labels, for the pairs that have some."""

    def __init__(self, pool: PairPool) -> None:
        assert pool.truth is not None  # a simulated pool has one, see `runs.pool.simulated`
        self._pool = pool
        self._truth = pool.truth
        self._class_names = pool.class_names
        self._multilabel = pool.multilabel

    def label(self, positions: IntArray) -> NDArray[np.uint8]:
        """Label rows `[k, c]` of the pairs at `positions`; PoolError where one has no label."""
        if len(self._pool.answerable(positions)) < len(positions):
            raise PoolError(f"a pair of pool {self._pool.name!r} was asked for that has no label")
        return np.asarray(self._truth[positions])

    def answers(self, batch: Batch) -> Mapping[Any, str | list[str]]:
        """The batch's answers in the form that `Campaign.tell` takes."""
        answers: dict[Any, str | list[str]] = {}
        for pair_id, row in zip(batch.ids, self.label(batch.positions), strict=True):
            names = [self._class_names[c] for c in np.flatnonzero(row)]
            answers[pair_id] = names if self._multilabel else names[0]
        return answers
