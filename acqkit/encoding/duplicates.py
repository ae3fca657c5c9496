"""Pairs that are in a pool twice: the same items, or vectors that are nearly the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from acqkit.embeddings import FloatArray, IntArray
from acqkit.neighbors import knn, unit
from acqkit.pool.features import FeatureSource

_DIRECTIONS = 128
"""Random directions in which near pairs are looked for; what is found is then compared in full."""

_NEIGHBORS = 8
"""Nearest pairs that are compared with each. Of more that are alike, some are found of others."""

_BLOCK = 8192


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The pair at `position` is like the earlier one `of`; cosines are those of the modalities."""

    position: int
    of: int
    kind: str
    cosines: tuple[float, float]


def exact_duplicates(rows: list[tuple[bytes, bytes]]) -> list[Duplicate]:
    """Pairs with the same items as an earlier one; `rows` say by pair which items it has."""
    first: dict[tuple[bytes, bytes], int] = {}
    found = []
    for position, items in enumerate(rows):
        of = first.setdefault(items, position)
        if of != position:
            found.append(Duplicate(position, of, "exact", (1.0, 1.0)))
    return found


def near_duplicates(
    features: tuple[FeatureSource, FeatureSource], cosine: float, skip: set[int]
) -> list[Duplicate]:
    """Pairs whose vectors in both modalities have at least this cosine with an earlier pair's.

    Each is told with the earliest such pair that is not a duplicate itself; positions in `skip`
    are neither. Up to 10,000 pairs are searched exactly, among more 95% of neighbors are found.
    """
    kept = np.array([p for p in range(len(features[0])) if p not in skip], dtype=np.int64)
    if len(kept) < 2:
        return []
    projected = _projected(features, kept)
    near = knn(projected, _NEIGHBORS, recall=0.95)[1]
    edges: dict[int, list[tuple[int, tuple[float, float]]]] = {}
    for later, earlier, cosines in _alike(features, kept, near, cosine):
        edges.setdefault(later, []).append((earlier, cosines))
    found: list[Duplicate] = []
    dropped: set[int] = set()
    for later in sorted(edges):
        of = [edge for edge in sorted(edges[later]) if edge[0] not in dropped]
        if of:
            dropped.add(later)
            found.append(Duplicate(later, of[0][0], "near", of[0][1]))
    return found


def _projected(features: tuple[FeatureSource, FeatureSource], kept: IntArray) -> FloatArray:
    """Unit vectors of both modalities, side by side, in a few random directions: `[k, 128]`."""
    rng = np.random.default_rng(0)
    widths = [int(source.dim or 0) for source in features]
    whole = sum(widths)
    directions = rng.standard_normal((whole, min(_DIRECTIONS, whole)), dtype=np.float32)
    directions /= np.sqrt(directions.shape[1])
    out = np.empty((len(kept), directions.shape[1]), dtype=np.float32)
    for start in range(0, len(kept), _BLOCK):
        block = kept[start : start + _BLOCK]
        sides = [unit(np.ascontiguousarray(source.rows(block))) for source in features]
        out[start : start + len(block)] = np.hstack(sides) @ directions
    return out


def _alike(
    features: tuple[FeatureSource, FeatureSource],
    kept: IntArray,
    near: IntArray,
    cosine: float,
) -> Iterator[tuple[int, int, tuple[float, float]]]:
    """(later, earlier, cosines) of neighbors that are alike in both modalities."""
    for start in range(0, len(kept), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(kept)))
        for column in range(near.shape[1]):
            others = near[block, column]
            cosines = [_cosines(source, kept[block], kept[others]) for source in features]
            for place in np.flatnonzero(np.minimum(*cosines) >= cosine).tolist():
                ends = int(kept[block[place]]), int(kept[others[place]])
                pair = (float(cosines[0][place]), float(cosines[1][place]))
                yield max(ends), min(ends), pair


def _cosines(source: FeatureSource, first: IntArray, second: IntArray) -> FloatArray:
    """Cosines `[k]`; of two zero vectors, which stand for a modality that both lack, 1."""
    a, b = (np.ascontiguousarray(source.rows(rows)) for rows in (first, second))
    products: FloatArray = (unit(a) * unit(b)).sum(axis=1)
    products[~a.any(axis=1) & ~b.any(axis=1)] = 1.0
    return products
