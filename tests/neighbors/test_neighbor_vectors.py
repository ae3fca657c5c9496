"""Passes over vectors: unit length, exact distances, products."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest

from acqkit.embeddings import FloatArray
from acqkit.errors import PluginError
from acqkit.neighbors import inner_products, paired_distances, squared_distances, unit


def _vectors(n: int, d: int, seed: int = 0, offset: float = 0.0) -> FloatArray:
    x = np.random.default_rng(seed).standard_normal((n, d)) + offset
    return x.astype(np.float32)


def test_unit_rows_have_length_one_and_keep_their_direction() -> None:
    x = _vectors(20_000, 3)
    lengths = np.linalg.norm(unit(x).astype(np.float64), axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-6)
    np.testing.assert_allclose(unit(x) * np.linalg.norm(x, axis=1, keepdims=True), x, rtol=1e-5)


@pytest.mark.parametrize("scale", [1e-37, 1e-20, 1e20, 1e37])
def test_unit_neither_overflows_nor_vanishes(scale: float) -> None:
    x = _vectors(50, 8)
    np.testing.assert_allclose(unit(x * np.float32(scale)), unit(x), rtol=1e-4)


def test_unit_leaves_zero_rows_and_its_input_alone() -> None:
    x = _vectors(5, 4)
    x[2] = 0
    before = x.copy()
    assert not unit(x)[2].any()
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("d", [1, 2, 4, 7, 12, 128])
def test_squared_distances_equal_the_definition(d: int) -> None:
    x = _vectors(301, d)
    wanted = ((x.astype(np.float64) - x[7].astype(np.float64)) ** 2).sum(axis=1)
    np.testing.assert_allclose(squared_distances(x, x[7]), wanted, rtol=1e-5)
    out = np.empty(301, dtype=np.float32)
    assert squared_distances(x, x[7], out) is out


def test_distances_do_not_cancel_far_from_the_origin() -> None:
    x = _vectors(200, 16, offset=1000.0)
    wanted = ((x.astype(np.float64) - x[3].astype(np.float64)) ** 2).sum(axis=1)
    np.testing.assert_allclose(squared_distances(x, x[3]), wanted, rtol=1e-5)
    assert squared_distances(x, x[3])[3] == 0


@pytest.mark.parametrize("d", [1, 3, 8, 57])
def test_inner_products_equal_the_definition(d: int) -> None:
    x = _vectors(100, d)
    wanted = x.astype(np.float64) @ x[5].astype(np.float64)
    np.testing.assert_allclose(inner_products(x, x[5]), wanted, rtol=1e-4, atol=1e-5)


def test_vectors_need_not_be_contiguous_or_writable() -> None:
    x = _vectors(30, 4)
    x.flags.writeable = False
    column = np.asfortranarray(x)[3]
    np.testing.assert_array_equal(squared_distances(x, column), squared_distances(x, x[3]))


def test_paired_distances_equal_the_definition() -> None:
    x, y = _vectors(40, 6), _vectors(25, 6, seed=1)
    indices = np.random.default_rng(2).integers(25, size=(40, 3))
    wanted = ((x[:, None] - y[indices]) ** 2).sum(axis=2)
    np.testing.assert_allclose(paired_distances(x, y, indices), wanted, rtol=1e-5)


def test_without_faiss_the_error_names_both_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    monkeypatch.delitem(sys.modules, "acqkit.neighbors.backend")
    with pytest.raises(PluginError, match=r"faiss-cpu.*faiss-gpu"):
        importlib.import_module("acqkit.neighbors.backend")
