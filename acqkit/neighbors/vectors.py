"""Passes over vectors `[n, d]`: norms, products and exact distances."""

from __future__ import annotations

import numpy as np

from acqkit.embeddings import DEFAULT_BLOCK_SIZE, FloatArray, IntArray
from acqkit.neighbors.backend import library as faiss

_SAFE = 1e-15, 1e15
"""Lengths whose squares neither overflow nor underflow in float32."""


def unit(x: FloatArray) -> FloatArray:
    """Rows of `x` `[n, d]` scaled to length 1, as a new array; zero rows stay zero."""
    scaled = np.empty(x.shape, dtype=np.float32)
    for start in range(0, len(x), DEFAULT_BLOCK_SIZE):
        rows = slice(start, start + DEFAULT_BLOCK_SIZE)
        length = _lengths(x[rows])
        safe = (_SAFE[0] < length) & (length < _SAFE[1])
        np.divide(x[rows], np.where(safe, length, 1)[:, None], out=scaled[rows])
        if not safe.all():
            others = start + np.flatnonzero(~safe)
            scaled[others] = _unit_of_any_size(x[others])
    return scaled


def _unit_of_any_size(x: FloatArray) -> FloatArray:
    largest = np.abs(x).max(axis=1, keepdims=True, initial=0)
    scaled = np.divide(x, np.where(largest > 0, largest, 1), dtype=np.float32)
    length = _lengths(scaled)
    scaled /= np.where(length > 0, length, 1)[:, None]
    return scaled


def _lengths(x: FloatArray) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.asarray(np.sqrt(np.einsum("nd,nd->n", x, x)))


def squared_distances(
    x: FloatArray, point: FloatArray, out: FloatArray | None = None
) -> FloatArray:
    """‖xᵢ − point‖² `[n]` of rows of `x` `[n, d]` to one point `[d]`, in one pass.

    Summed over differences, not expanded into norms and a product: equal rows are at
    exactly 0 however far they lie from the origin.
    """
    out = np.empty(len(x), dtype=np.float32) if out is None else out
    faiss.fvec_L2sqr_ny(*map(faiss.swig_ptr, (out, _row(point), x)), x.shape[1], len(x))
    return out


def inner_products(x: FloatArray, vector: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """xᵢ · vector `[n]` of rows of `x` `[n, d]` with one vector `[d]`, in one pass."""
    out = np.empty(len(x), dtype=np.float32) if out is None else out
    faiss.fvec_inner_products_ny(*map(faiss.swig_ptr, (out, _row(vector), x)), x.shape[1], len(x))
    return out


def paired_distances(x: FloatArray, y: FloatArray, indices: IntArray) -> FloatArray:
    """‖xᵢ − y[indicesᵢⱼ]‖² `[n, k]` by differences: x `[n, d]`, y `[m, d]`, indices `[n, k]`."""
    out = np.empty(indices.shape, dtype=np.float32)
    faiss.fvec_L2sqr_by_idx(
        *map(faiss.swig_ptr, (out, x, y, indices)), x.shape[1], len(x), indices.shape[1]
    )
    return out


def _row(vector: FloatArray) -> FloatArray:
    return np.ascontiguousarray(vector, dtype=np.float32)
