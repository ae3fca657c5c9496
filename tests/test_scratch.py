"""Large arrays lie in a file without a name; everything else about them is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acqkit import scratch as large
from acqkit.scratch import scratch, sparse, taken


@pytest.fixture(autouse=True)
def small_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(large, "SCRATCH_BYTES", 64)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, "U5", np.int64])
def test_an_array_in_a_file_is_zeros_that_can_be_written(dtype: Any, tmp_path: Path) -> None:
    array = scratch((40, 3), dtype)
    assert array.shape == (40, 3) and array.dtype == np.dtype(dtype)
    assert np.array_equal(array, np.zeros((40, 3), dtype))
    array[5] = 7
    assert array[5].tolist() == np.full(3, 7, dtype).tolist()
    assert not [*tmp_path.iterdir()]


def test_a_small_one_is_in_memory_and_so_is_one_without_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert scratch(3, np.int64).base is None
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    assert scratch(300, np.int64).base is None


def test_rows_are_taken_as_by_an_index() -> None:
    values, rows = np.arange(60).reshape(20, 3), np.array([3, 19, 3, 0, 11, 12, 5])
    assert np.array_equal(taken(values, rows), values[rows])
    names = np.array([f"id{i}" for i in range(20)])
    assert taken(names, rows).tolist() == names[rows].tolist()
    mixed = np.array([1, "a", None], dtype=object)
    assert taken(mixed, np.array([2, 0])).tolist() == [None, 1]


def test_rows_that_nobody_writes_to_are_zeros() -> None:
    array = sparse((400, 20), np.uint8)
    array[7] = 1
    assert array.shape == (400, 20) and array.sum() == 20 and array[8:].sum() == 0
    assert sparse((2, 3), np.uint8).tolist() == [[0] * 3] * 2
