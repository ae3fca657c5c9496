"""Pools too large to hold twice: regions in one pass, and a sample that stands for the pool."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from acqkit import PairEmbeddings
from acqkit.embeddings import FloatArray
from acqkit.neighbors import kmeans, nearest, unit

LARGE = 50_000
"""Up to here everything is exact; beyond, it is what a few passes over the pool can give."""
_ROWS_PER_REGION = 32
_ITERATIONS = 5
_NEAR_GROUPS = 6
_BLOCK = 65_536
_ROWS_PER_PICK = 128
Ints = NDArray[np.int64]


def means_only(embeddings: PairEmbeddings) -> PairEmbeddings:
    """The embeddings without variances and probabilities, so that blocks copy means alone."""
    a, b = (replace(side, variance=None, probabilities=None) for side in embeddings.sides)
    return replace(embeddings, a=a, b=b)


def semantic_regions(
    means: PairEmbeddings, order: Ints, wanted: int, seed: int
) -> tuple[int, Ints]:
    """How many regions there are, and the region `[n]` of each pair of `order` `[n]`.

    Spherical k-means on unified means. Beyond 50,000 pairs it learns from the beginning of
    `order`, which is a random one, and every pair goes to the nearest center among those of
    nearby groups.
    """
    large = len(order) > LARGE
    head = order[: max(LARGE, _ROWS_PER_REGION * wanted)]
    points = unit(means.take(head).unified_mean())
    if not large:
        centers, region = kmeans(points, wanted, seed, spherical=True)
        return len(centers), region
    centers, _ = kmeans(points, wanted, seed, spherical=True, iterations=_ITERATIONS)
    search = _Centers(centers, seed)
    blocks = (search.nearest(unit(block.unified_mean())) for block in means.blocks(order, _BLOCK))
    return len(centers), np.concatenate(list(blocks))


class _Centers:
    """Nearest centers by way of √K groups of them: of a row's group and those around it."""

    def __init__(self, centers: FloatArray, seed: int) -> None:
        groups = max(1, int(np.sqrt(len(centers))))
        self.groups, member = kmeans(centers, groups, seed, spherical=True)
        close = np.argsort(-self.groups @ self.groups.T, axis=1, kind="stable")[:, :_NEAR_GROUPS]
        self.members = [np.flatnonzero(np.isin(member, near)) for near in close]
        self.centers = centers

    def nearest(self, rows: FloatArray) -> Ints:
        """The center of each of the unit vectors `rows` `[k, d]`."""
        group = nearest(rows, self.groups)[1]
        found = np.empty(len(rows), dtype=np.int64)
        by_group = np.argsort(group, kind="stable")
        for own in np.split(by_group, np.flatnonzero(np.diff(group[by_group])) + 1):
            members = self.members[group[own[0]]]
            best = (rows[own] @ self.centers[members].T).argmax(axis=1)
            found[own] = members[best]
        return found


def representatives(candidates: Ints, labeled: Ints, n: int, picks: int) -> Ints:
    """Rows that stand for a pool of `n` rows in random order when covering it, sorted.

    128 rows a label or pick, enough to estimate its share to about a tenth (1/√128); as many
    candidates; and all that is labeled. All rows where that is not fewer.
    """
    size = max(LARGE, _ROWS_PER_PICK * (len(labeled) + picks))
    if size >= n:
        return np.arange(n)
    return np.unique(np.concatenate([np.arange(size), candidates[:size], labeled]))
