"""Numbers of two bytes, converted as numpy converts them, whoever does it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pytest

from acqkit.embeddings import FloatArray
from acqkit.half import as_float16, as_float32

LARGEST = float(np.finfo(np.float16).max)


@pytest.fixture(params=["torch", "numpy"])
def converter(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Who converts: torch where it is loaded, numpy where it is not."""
    if request.param == "torch":
        pytest.importorskip("torch")
    else:
        monkeypatch.setitem(sys.modules, "torch", None)
    yield request.param


def _numbers() -> FloatArray:
    """Of every size that float16 has, the smallest included, and between its steps."""
    rng = np.random.default_rng(0)
    numbers: FloatArray = np.exp2(rng.uniform(-30, 15.9, (64, 64))).astype(np.float32)
    numbers *= rng.choice(np.array([-1, 1], np.float32), (64, 64))
    return numbers


def test_rounding_is_to_the_nearest(converter: str) -> None:
    values = _numbers()
    got = as_float16(values)
    assert got.dtype == np.float16
    np.testing.assert_array_equal(got.view(np.uint16), values.astype(np.float16).view(np.uint16))


def test_what_is_beyond_becomes_the_largest(converter: str) -> None:
    got = as_float16(np.array([1e6, -1e30, LARGEST, 1], np.float32))
    assert got.tolist() == [LARGEST, -LARGEST, LARGEST, 1]


def test_nothing_is_lost_on_the_way_back(converter: str) -> None:
    halves = _numbers().astype(np.float16)
    halves.flags.writeable = False  # as arrays in files are
    for view in (halves, halves[::-2, 1:9].T, halves[:0]):
        got = as_float32(view)
        assert got.dtype == np.float32 and got.shape == view.shape
        np.testing.assert_array_equal(got, view.astype(np.float32))
