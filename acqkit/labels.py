"""`LabelState`: which pairs are labeled, with which classes, and since which round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acqkit.errors import PoolError
from acqkit.scratch import sparse

UNLABELED = -1
SKIPPED = -2


@dataclass(frozen=True, eq=False, slots=True)
class LabelState:
    """The labels known at one moment.

    `round` is `[n]` int32: the round in which the pair was labeled, `UNLABELED` (-1) or
    `SKIPPED` (-2, an annotator could not tell). `matrix` is `[n, c]` uint8 0/1, all zero
    where the pair is not labeled.
    """

    round: NDArray[np.int32]
    matrix: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if self.round.ndim != 1 or self.matrix.ndim != 2 or len(self.round) != len(self.matrix):
            raise PoolError(
                f"label state needs round [n] and matrix [n, c] of one length, got "
                f"{self.round.shape} and {self.matrix.shape}"
            )

    @classmethod
    def empty(cls, n: int, n_classes: int) -> LabelState:
        """No pair labeled."""
        return cls(np.full(n, UNLABELED, np.int32), sparse((n, n_classes), np.uint8))

    @property
    def labeled(self) -> NDArray[np.int64]:
        """Positions `[l]` of labeled pairs, ascending."""
        return np.flatnonzero(self.round >= 0)

    @property
    def unlabeled(self) -> NDArray[np.int64]:
        """Positions `[u]` of pairs neither labeled nor skipped, ascending."""
        return np.flatnonzero(self.round == UNLABELED)

    def with_answers(
        self, positions: NDArray[np.int64], matrix: NDArray[np.uint8], round: int
    ) -> LabelState:
        """A new state in which `positions` were labeled with `matrix` `[k, c]` in `round`."""
        rounds, labels = self.round.copy(), _sparse_copy(self, np.arange(len(self.round)))
        rounds[positions] = round
        labels[positions] = matrix
        return LabelState(rounds, labels)

    def take(self, positions: NDArray[np.int64]) -> LabelState:
        """The state of the pairs at `positions` `[k]`, in that order."""
        return LabelState(self.round[positions], _sparse_copy(self, positions))


def _sparse_copy(state: LabelState, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Rows `[k, c]` at `positions`, of which only those of labeled pairs are written.

    Pages of zeros that nobody writes to take no memory: the state of a pool with few labels takes
    some four bytes a pair, however many classes there are.
    """
    matrix = sparse((len(positions), state.matrix.shape[1]), np.uint8)
    rows = np.flatnonzero(state.round[positions] >= 0)
    matrix[rows] = state.matrix[positions[rows]]
    return matrix
