"""Passes over vectors `[n, d]`: norms, products and exact distances."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from acqkit.embeddings import DEFAULT_BLOCK_SIZE, FloatArray, IntArray
from acqkit.neighbors import tensors
from acqkit.neighbors.backend import library as faiss
from acqkit.neighbors.kinds import Kind, Vectors, on_device, on_host

_SAFE = 1e-15, 1e15
"""Lengths whose squares neither overflow nor underflow in float32."""


def unit(x: Kind) -> Kind:
    """Rows of `x` `[n, d]` scaled to length 1, as a new array or tensor; zero rows stay zero."""
    if isinstance(x, Tensor):
        return tensors.unit(x)
    scaled = np.empty(x.shape, dtype=np.float32)
    for start in range(0, len(x), DEFAULT_BLOCK_SIZE):
        rows = slice(start, start + DEFAULT_BLOCK_SIZE)
        own = np.asarray(x[rows], dtype=np.float32)
        length = _lengths(own)
        safe = (_SAFE[0] < length) & (length < _SAFE[1])
        np.divide(own, np.where(safe, length, 1)[:, None], out=scaled[rows])
        if not safe.all():
            others = np.flatnonzero(~safe)
            scaled[start + others] = _unit_of_any_size(own[others])
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


def mean_vector(x: Kind) -> Kind:
    """The mean `[d]` of rows of `x` `[n, d]`, summed in float64."""
    if isinstance(x, Tensor):
        return tensors.mean(x)
    return np.asarray(x.mean(axis=0, dtype=np.float64), dtype=np.float32)


def squared_distances(x: Kind, point: Kind, out: Kind | None = None) -> Kind:
    """‖xᵢ − point‖² `[n]` of rows of `x` `[n, d]` to one point `[d]`, in one pass.

    Summed over differences, not expanded into norms and a product: equal rows are at
    exactly 0 however far they lie from the origin.
    """
    if isinstance(x, Tensor):
        return tensors.squared_distances(x, point, out)
    out = np.empty(len(x), dtype=np.float32) if out is None else out
    faiss.fvec_L2sqr_ny(*map(faiss.swig_ptr, (out, _row(point), x)), x.shape[1], len(x))
    return out


def inner_products(x: Kind, vector: Kind, out: Kind | None = None) -> Kind:
    """xᵢ · vector `[n]` of rows of `x` `[n, d]` with one vector `[d]`, in one pass."""
    if isinstance(x, Tensor):
        return tensors.inner_products(x, vector, out)
    out = np.empty(len(x), dtype=np.float32) if out is None else out
    faiss.fvec_inner_products_ny(*map(faiss.swig_ptr, (out, _row(vector), x)), x.shape[1], len(x))
    return out


def paired_distances(x: Vectors, y: Vectors, indices: IntArray) -> FloatArray:
    """‖xᵢ − y[indicesᵢⱼ]‖² `[n, k]` by differences: x `[n, d]`, y `[m, d]`, indices `[n, k]`."""
    if isinstance(x, Tensor):
        others, which = on_device(y, x.device), on_device(indices, x.device)
        return on_host(tensors.paired_distances(x, others, which))
    out = np.empty(indices.shape, dtype=np.float32)
    faiss.fvec_L2sqr_by_idx(
        *map(faiss.swig_ptr, (out, x, y, indices)), x.shape[1], len(x), indices.shape[1]
    )
    return out


def _row(vector: FloatArray) -> FloatArray:
    return np.ascontiguousarray(vector, dtype=np.float32)
