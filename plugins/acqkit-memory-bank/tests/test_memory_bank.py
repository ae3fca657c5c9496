"""The memory itself: what it holds, forgets, and how it is saved."""

from __future__ import annotations

import tracemalloc
from collections import deque
from pathlib import Path

import numpy as np
import pytest
from acqkit_memory_bank import MemoryBank
from acqkit_memory_bank.bank import Sides
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from acqkit.errors import ConfigError
from acqkit.labels import LabelState

CLASSES, DIM = 3, 4


def label_state(n: int, labeled: list[int], seed: int = 0) -> LabelState:
    matrix = np.eye(CLASSES, dtype=np.uint8)[np.random.default_rng(seed).integers(3, size=n)]
    known = np.array(labeled, dtype=np.int64)
    return LabelState.empty(n, CLASSES).with_answers(known, matrix[known], 0)


def sides(rng: np.random.Generator, k: int, width: int) -> Sides:
    a, b = rng.random((2, k, width), dtype=np.float32)
    return a, b


def tell(bank: MemoryBank, positions: list[int], seed: int = 0) -> tuple[Sides, Sides]:
    rng = np.random.default_rng(seed)
    features, probabilities = sides(rng, len(positions), DIM), sides(rng, len(positions), CLASSES)
    bank.update(np.array(positions, dtype=np.int64), features, probabilities)
    return features, probabilities


def held(bank: MemoryBank) -> list[int]:
    return [int(position) for position in bank.positions_of(bank.rows())]


def test_features_are_of_unit_length_and_move_by_the_momentum() -> None:
    bank = MemoryBank(label_state(5, []), DIM, multilabel=False, momentum=0.25)
    first, p_first = tell(bank, [3], seed=1)
    row = bank.rows()[0]
    unit = first[0][0] / np.linalg.norm(first[0][0])
    assert_allclose(bank.features[0, row], unit, rtol=1e-6)
    assert_array_equal(bank.probabilities[1, row], p_first[1][0])

    second, p_second = tell(bank, [3], seed=2)
    mixed = 0.25 * unit + 0.75 * second[0][0] / np.linalg.norm(second[0][0])
    assert_allclose(bank.features[0, row], mixed / np.linalg.norm(mixed), rtol=1e-5)
    wanted = 0.25 * p_first[1][0] + 0.75 * p_second[1][0]
    assert_allclose(bank.probabilities[1, row], wanted, rtol=1e-6)


def test_an_absent_modality_leaves_the_memory_as_it_is() -> None:
    bank = MemoryBank(label_state(5, []), DIM, multilabel=False)
    tell(bank, [2], seed=1)
    row = bank.rows()[0]
    before = bank.features[0, row].copy(), bank.probabilities[0, row].copy()
    nothing = np.zeros((1, DIM), dtype=np.float32)
    something = np.ones((1, DIM), dtype=np.float32)
    p = np.ones((1, CLASSES), dtype=np.float32)
    bank.update(np.array([2]), (nothing, something), (p, p))
    assert_array_equal(bank.features[0, row], before[0])
    assert_array_equal(bank.probabilities[0, row], before[1])

    bank.update(np.array([4]), (nothing, something), (p, p))
    assert_array_equal(bank.seen[:, bank.rows()[1]], [False, True])


def test_known_labels_stay_whatever_the_classifier_says() -> None:
    labels = label_state(6, [1, 4])
    bank = MemoryBank(labels, DIM, multilabel=False)
    for seed in range(3):
        tell(bank, [0, 1, 4, 5], seed)
    rows = bank.rows()
    known = bank.is_labeled(rows)
    assert_array_equal(bank.positions_of(rows)[known], [1, 4])
    for side in (0, 1):
        assert_array_equal(bank.probabilities[side, rows[known]], labels.matrix[[1, 4]])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_was_taken_first_is_evicted_first_and_labeled_pairs_never(data: st.DataObject) -> None:
    n = 12
    labeled = data.draw(st.lists(st.integers(0, n - 1), unique=True, max_size=4))
    capacity = data.draw(st.integers(1, n))
    bank = MemoryBank(label_state(n, labeled), DIM, multilabel=False, capacity=capacity)
    ring: deque[int] = deque(maxlen=max(min(capacity, n) - len(labeled), 0))
    told: set[int] = set()
    for batch in data.draw(st.lists(st.lists(st.integers(0, n - 1), unique=True, min_size=1))):
        tell(bank, batch)
        ring.extend([p for p in batch if p not in ring and p not in labeled])
        told |= set(batch)
        assert set(held(bank)) == set(ring) | (told & set(labeled))
        assert len(bank) == len(bank.rows()) <= max(capacity, len(labeled))


def test_there_is_a_row_for_every_labeled_pair_however_small_the_capacity() -> None:
    bank = MemoryBank(label_state(8, [0, 2, 4, 6]), DIM, multilabel=False, capacity=2)
    tell(bank, list(range(8)))
    assert held(bank) == [0, 2, 4, 6]


def test_a_newcomer_starts_afresh_in_the_row_of_one_that_was_evicted() -> None:
    bank = MemoryBank(label_state(4, []), DIM, multilabel=False, capacity=1)
    tell(bank, [0], seed=1)
    features, probabilities = tell(bank, [1], seed=2)
    assert_allclose(bank.features[0, 0], features[0][0] / np.linalg.norm(features[0][0]), rtol=1e-6)
    assert_array_equal(bank.probabilities[0, 0], probabilities[0][0])


def arrays_of(bank: MemoryBank) -> dict[str, NDArray[np.generic]]:
    return {name: values.copy() for name, values in bank.state().items()}


def test_saved_loaded_and_gone_on_with_it_is_as_if_never_interrupted(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    batches = [rng.permutation(40)[:9].tolist() for _ in range(12)]
    whole = MemoryBank(label_state(40, [3, 17]), DIM, multilabel=False, capacity=15)
    for number, batch in enumerate(batches):
        tell(whole, batch, number)

    first = MemoryBank(label_state(40, [3, 17]), DIM, multilabel=False, capacity=15)
    for number, batch in enumerate(batches[:5]):
        tell(first, batch, number)
    first.save(tmp_path / "bank.npz")
    second = MemoryBank(label_state(40, [3, 17]), DIM, multilabel=False, capacity=15)
    second.load(tmp_path / "bank.npz")
    for number, batch in enumerate(batches[5:], start=5):
        tell(second, batch, number)

    for name, values in arrays_of(whole).items():
        assert_array_equal(second.state()[name], values, err_msg=name)
    assert_array_equal(second.rows(), whole.rows())


def test_the_state_of_another_bank_is_refused() -> None:
    bank = MemoryBank(label_state(9, [1]), DIM, multilabel=False)
    other_width = MemoryBank(label_state(9, [1]), DIM + 1, multilabel=False)
    with pytest.raises(ConfigError, match=r"has features \(2, 9, 5\), this one needs \(2, 9, 4\)"):
        bank.restore(other_width.state())
    with pytest.raises(ConfigError, match="other labeled pairs"):
        bank.restore(MemoryBank(label_state(9, [2]), DIM, multilabel=False).state())
    with pytest.raises(ConfigError, match="has cursor nothing"):
        state = bank.state()
        del state["cursor"]
        bank.restore(state)


def test_memory_of_200_000_pairs_is_linear_in_them() -> None:
    n, dim, classes, block = 200_000, 64, 8, 20_000
    labels = LabelState.empty(n, classes)
    features = np.random.default_rng(0).random((block, dim), dtype=np.float32)
    p = np.full((block, classes), 1 / classes, dtype=np.float32)
    tracemalloc.start()
    bank = MemoryBank(labels, dim, multilabel=False, capacity=n)
    for start in range(0, n, block):
        bank.update(np.arange(start, start + block), (features, features), (p, p))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(bank) == n
    numbers = 2 * n * (dim + classes) * 4
    assert sum(values.nbytes for values in bank.state().values()) < 1.1 * numbers
    # Beside its own rows and an index of 16 bytes a pair, an update needs copies of its block.
    assert peak < 1.1 * numbers + 16 * n + 12 * features.nbytes
