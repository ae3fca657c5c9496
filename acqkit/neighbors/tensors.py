"""Vectors as tensors `[n, d]` on any device: what the other files do with arrays, by torch.

Float16 rows are made float32 a block at a time. Distances are sums of squared differences, as those
of arrays are, so that results differ by the order of summation alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

_HELD = 1 << 23
"""Numbers of a block that is read more than once: 32 MiB, which a GPU's cache holds."""
_PRODUCTS = 1 << 26
"""Products held at a time: 256 MiB."""
_QUERIES = 1_024
"""Rows for which neighbors are looked for at a time."""
_SAFE = 1e-15, 1e15
"""Lengths whose squares neither overflow nor underflow in float32."""


def unit(x: Tensor) -> Tensor:
    """Rows scaled to length 1, float32; zero rows stay zero."""
    scaled = torch.empty(x.shape, device=x.device)
    for rows in _blocks(len(x), x.shape[1]):
        own = x[rows].float()
        length = torch.linalg.vector_norm(own, dim=1, keepdim=True)
        if not bool(((_SAFE[0] < length) & (length < _SAFE[1])).all()):
            own = own / _or_one(own.abs().amax(dim=1, keepdim=True))
            length = torch.linalg.vector_norm(own, dim=1, keepdim=True)
        torch.div(own, _or_one(length), out=scaled[rows])
    return scaled


def mean(x: Tensor) -> Tensor:
    """The mean row `[d]`, summed in float64."""
    total = torch.zeros(x.shape[1], dtype=torch.float64, device=x.device)
    for rows in _blocks(len(x), x.shape[1]):
        total += x[rows].double().sum(dim=0)
    return (total / len(x)).float()


def squared_distances(x: Tensor, point: Tensor, out: Tensor | None = None) -> Tensor:
    """‖xᵢ − point‖² `[n]`."""
    out = torch.empty(len(x), device=x.device) if out is None else out
    for rows in _blocks(len(x), x.shape[1]):
        torch.sum((x[rows].float() - point).square_(), dim=1, out=out[rows])
    return out


def inner_products(x: Tensor, vector: Tensor, out: Tensor | None = None) -> Tensor:
    """xᵢ · vector `[n]`."""
    if x.dtype == torch.float32:
        return torch.mv(x, vector.float(), out=out)
    out = torch.empty(len(x), device=x.device) if out is None else out
    for rows in _blocks(len(x), x.shape[1]):
        torch.mv(x[rows].float(), vector.float(), out=out[rows])
    return out


def paired_distances(x: Tensor, y: Tensor, indices: Tensor) -> Tensor:
    """‖xᵢ − y[indicesᵢⱼ]‖² `[n, k]`."""
    out = torch.empty(indices.shape, device=x.device)
    for rows in _blocks(len(x), x.shape[1] * indices.shape[1]):
        apart = x[rows, None].float() - y[indices[rows]]
        torch.sum(apart.square_(), dim=2, out=out[rows])
    return out


def nearest(x: Tensor, centers: Tensor) -> tuple[Tensor, Tensor]:
    """Squared distance `[n]` to, and index `[n]` of, the nearest center of each row."""
    # Centered, because rounding in the search grows with the distance from the origin.
    origin = mean(centers)
    found = torch.empty(len(x), 1, dtype=torch.int64, device=x.device)
    for rows in _blocks(len(x), max(len(centers), x.shape[1]), _PRODUCTS):
        found[rows, 0] = halves_of(x[rows].float() - origin, centers - origin).argmin(dim=1)
    return paired_distances(x, centers, found)[:, 0], found[:, 0]


def knn(x: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Squared distances and indices `[n, k]` of the nearest other rows, exact, nearest first."""
    found = nearest_others(x, torch.arange(len(x), device=x.device), k)
    return sorted_neighbors(x, found)


def sorted_neighbors(x: Tensor, found: Tensor) -> tuple[Tensor, Tensor]:
    """Squared distances of each row to `found` `[n, k]`, and these, nearest first."""
    squared, order = paired_distances(x, x, found).sort(dim=1, stable=True)
    return squared, found.gather(1, order)


def nearest_others(x: Tensor, rows: Tensor, k: int) -> Tensor:
    """Indices `[q, k]` of the k nearest others of `rows` `[q]`, exact."""
    origin = mean(x)
    found = torch.empty(len(rows), k, dtype=torch.int64, device=x.device)
    for start in range(0, len(rows), _QUERIES):
        part = slice(start, start + _QUERIES)
        found[part] = _nearest_of_all(x, rows[part], origin, k)
    return found


def _nearest_of_all(x: Tensor, rows: Tensor, origin: Tensor, k: int) -> Tensor:
    """As `nearest_others` of few rows, compared with some columns at a time."""
    queries = x[rows].float() - origin
    best = torch.empty(len(rows), 0, device=x.device)
    found = torch.empty(len(rows), 0, dtype=torch.int64, device=x.device)
    for columns in _blocks(len(x), max(len(queries), x.shape[1]), _PRODUCTS):
        halves = halves_of(queries, x[columns].float() - origin)
        first = columns.start
        own = ((first <= rows) & (rows < columns.stop)).nonzero()[:, 0]
        halves[own, rows[own] - first] = torch.inf
        some = halves.topk(min(k, halves.shape[1]), largest=False)
        best = torch.cat([best, some.values], dim=1)
        found = torch.cat([found, some.indices + first], dim=1)
        kept = best.topk(min(k, best.shape[1]), largest=False)
        best, found = kept.values, found.gather(1, kept.indices)
    return found


def halves_of(x: Tensor, y: Tensor) -> Tensor:
    """½‖yⱼ‖² − xᵢ · yⱼ `[n, m]`: half the squared distances, but for what a row has in common."""
    return torch.addmm(y.square().sum(dim=1) / 2, x, y.T, alpha=-1)


def _blocks(n: int, width: int, held: int = _HELD) -> Iterator[slice]:
    """Rows whose `width` numbers each are held at a time."""
    size = max(1, held // max(width, 1))
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


def _or_one(values: Tensor) -> Tensor:
    return torch.where(values > 0, values, 1)
