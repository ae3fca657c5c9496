from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from acqkit.errors import PoolError
from acqkit.labels import SKIPPED, LabelState


def test_answers_make_a_new_state_that_remembers_the_round() -> None:
    empty = LabelState.empty(6, 3)
    rows = np.array([[0, 1, 0], [1, 0, 1]], dtype=np.uint8)
    state = empty.with_answers(np.array([4, 1]), rows, round=2)
    assert_array_equal(empty.labeled, [])
    assert_array_equal(state.labeled, [1, 4])
    assert_array_equal(state.unlabeled, [0, 2, 3, 5])
    assert_array_equal(state.matrix[[4, 1]], rows)
    assert state.round.tolist() == [-1, 2, -1, -1, 2, -1]
    taken = state.take(np.array([4, 0]))
    assert taken.round.tolist() == [2, -1]
    assert_array_equal(taken.matrix[0], rows[0])


def test_skipped_pairs_are_neither_labeled_nor_unlabeled() -> None:
    state = LabelState.empty(3, 2)
    state.round[1] = SKIPPED
    assert_array_equal(state.labeled, [])
    assert_array_equal(state.unlabeled, [0, 2])


def test_lengths_must_agree() -> None:
    with pytest.raises(PoolError, match="of one length"):
        LabelState(np.zeros(3, np.int32), np.zeros((2, 2), np.uint8))
