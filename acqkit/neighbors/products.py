"""Comparisons of all rows with all rows, one cache-sized tile of similarities at a time."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from acqkit.embeddings import BoolArray, FloatArray, IntArray

_TILE = 1024
"""Rows and columns of a tile: 4 MiB of float32."""


def count_similar(x: FloatArray, targets: FloatArray, threshold: float) -> FloatArray:
    """How many targets `[m, d]` have a product of at least `threshold` with each row, `[n]`.

    A product of rows at unit length is a cosine.
    """
    counts = torch.zeros(len(x))
    for rows, _, tile in _tiles(x, targets):
        counts[rows] += tile.ge_(threshold).sum(dim=1)
    return counts.numpy()


def count_similar_among(x: FloatArray, counted: BoolArray, threshold: float) -> FloatArray:
    """How many counted rows have a product of at least `threshold` with each row, `[n]`.

    `counted` `[m]` says which of the first m rows of `x` `[n, d]` count. A tile below the
    diagonal serves both of its sides, which halves the work of `count_similar`. A product of
    rows at unit length is a cosine.
    """
    n, m = len(x), len(counted)
    rows, counts = torch.from_numpy(x), torch.zeros(n)
    weight = torch.zeros(n)
    weight[:m] = torch.from_numpy(counted)
    buffer = torch.empty(_TILE * _TILE)
    for j in range(0, m, _TILE):
        right = slice(j, j + _TILE)
        for i in range(j, n, _TILE):
            left = slice(i, i + _TILE)
            similar = _product(rows[left], rows[right], buffer).ge_(threshold)
            counts[left] += similar @ weight[right]
            if j < i < m:
                counts[right] += similar.T @ weight[left]
    return counts.numpy()


def most_similar_other(
    x: FloatArray, groups: IntArray, targets: FloatArray, target_groups: IntArray
) -> FloatArray:
    """The largest product `[n]` of each row with a target of another group; -1 where all share it.

    x `[n, d]` and targets `[m, d]` are unit vectors, groups `[n]` and target_groups `[m]`.
    """
    largest = torch.full((len(x),), -1.0)
    own, others = torch.from_numpy(groups), torch.from_numpy(target_groups)
    for rows, columns, tile in _tiles(x, targets):
        tile.masked_fill_(own[rows, None] == others[None, columns], -1.0)
        torch.maximum(largest[rows], tile.amax(dim=1), out=largest[rows])
    return largest.numpy()


def _tiles(x: FloatArray, targets: FloatArray) -> Iterator[tuple[slice, slice, Tensor]]:
    """Tiles of products of rows and columns; the next tile overwrites the buffer of this one."""
    left, right = torch.from_numpy(x), torch.from_numpy(targets)
    buffer = torch.empty(_TILE * _TILE)
    for i in range(0, len(x), _TILE):
        for j in range(0, len(targets), _TILE):
            rows, columns = slice(i, i + _TILE), slice(j, j + _TILE)
            yield rows, columns, _product(left[rows], right[columns], buffer)


def _product(left: Tensor, right: Tensor, buffer: Tensor) -> Tensor:
    tile = buffer[: len(left) * len(right)].view(len(left), len(right))
    return torch.mm(left, right.T, out=tile)
