"""Pools too large to hold twice: regions in one pass, and a sample that stands for the pool."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from acqkit import PairEmbeddings
from acqkit.embeddings import FloatArray
from acqkit.neighbors import kmeans, kmeans_centroids, nearest, unit
from acqkit_density.graph import by_number, pair_points, unit_sides

LARGE = 50_000
"""Up to here all pairs are looked at; beyond, what a few passes over the pool can give."""
_ROWS_PER_REGION = 32
_ITERATIONS = 5
_ROUGH_ITERATIONS = 3
_FEWEST_ROUGH = 8_192
_NEAR_GROUPS = 6
_BLOCK = 16_384
_ROWS_PER_PICK = 112
_COVERED_NEIGHBORS = 25
"""Rows to be covered among the neighbors of a row: what a pick is worth is estimated by these."""
_SHOWN = 0.99
"""Share of the variance of pair points that is enough to tell who is near whom."""
_SPECTRUM_ROWS = 8_192
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Sample:
    """Rows that stand for a pool of `total` rows in random order when covering it.

    `rows` `[m]` are sorted; the first `drawn` of them are 0 to `drawn` - 1, and so a random
    draw of the pool, by which sizes are estimated.
    """

    rows: Ints
    drawn: int
    total: int

    def sizes(self, region: Ints, count: int) -> Ints:
        """Pairs of the whole pool in each of `count` regions, from the region of each row `[m]`.

        Never fewer than the rows that are there.
        """
        drawn = np.bincount(region[: self.drawn], minlength=count)
        scaled = np.rint(drawn * (self.total / self.drawn)).astype(np.int64)
        return np.asarray(np.maximum(scaled, np.bincount(region, minlength=count)))


def to_cover(candidates: Ints, region: Ints, neighbors: int) -> Ints:
    """Which of the `candidates` of a sample, ascending rows, are to be covered for all.

    Whom a pick covers is only estimated, and fewer rows are enough for that than it takes for
    the best picks to be among them: 25 among the `neighbors` of a row. Of every region
    (`region` `[m]`, by row) the same share, since estimates are of what is near: 25 of a random
    draw tell less than these. It does not matter what their scores turn out to be.
    """
    wanted = max(1, round(min(1.0, _COVERED_NEIGHBORS / neighbors) * len(candidates)))
    by_region = candidates[by_number(region[candidates])]
    return np.sort(by_region[np.arange(wanted) * len(candidates) // wanted])


def is_large(pairs: int) -> bool:
    """Whether a pool has more pairs than are all looked at."""
    return pairs > LARGE


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
    head = order[: max(LARGE, _ROWS_PER_REGION * wanted)]
    points = unit(means.take(head).unified_mean())
    if len(order) <= LARGE:
        centers, region = kmeans(points, wanted, seed, spherical=True)
        return len(centers), region
    blocks = (unit(block.unified_mean()) for block in means.blocks(order, _BLOCK))
    return _regions_by_groups(points, blocks, wanted, seed, _ITERATIONS)


def rough_regions(points: FloatArray, wanted: int, seed: int) -> tuple[int, Ints]:
    """Regions of unit vectors `[n, d]` in random order that need only hold what is near.

    From half the rows a region and fewer iterations than `semantic_regions`.
    """
    learned = points[: max(_FEWEST_ROUGH, _ROWS_PER_REGION // 2 * wanted)]
    return _regions_by_groups(learned, [points], wanted, seed, _ROUGH_ITERATIONS)


def _regions_by_groups(
    points: FloatArray, blocks: Iterable[FloatArray], wanted: int, seed: int, iterations: int
) -> tuple[int, Ints]:
    centers = kmeans_centroids(points, wanted, seed, spherical=True, iterations=iterations)
    search = _Centers(centers, seed)
    return len(centers), np.concatenate([search.nearest(block) for block in blocks])


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
        by_group = by_number(group)
        for own in np.split(by_group, np.flatnonzero(np.diff(group[by_group])) + 1):
            members = self.members[group[own[0]]]
            best = (rows[own] @ self.centers[members].T).argmax(axis=1)
            found[own] = members[best]
        return found


def representatives(candidates: Ints, labeled: Ints, n: int, picks: int) -> Sample:
    """Rows that stand for a pool of `n` rows in random order when covering it.

    112 rows a label or pick, enough to estimate its share to about a tenth (1/√112); as many
    candidates; and all that is labeled. All rows where that is not fewer.
    """
    size = max(LARGE, _ROWS_PER_PICK * (len(labeled) + picks))
    if size >= n:
        return Sample(np.arange(n), n, n)
    stands = np.zeros(n, dtype=bool)
    stands[:size] = stands[candidates[:size]] = stands[labeled] = True
    return Sample(np.flatnonzero(stands), size, n)


def read_points(means: PairEmbeddings, positions: Ints) -> FloatArray:
    """Pair points `[k, r]` of `positions` `[k]`, in the r directions in which they vary.

    Those are the principal ones of the first positions, which stand in random order, and hold
    99% of the variance. Rows are read in ascending order, as a memory map wants it.
    """
    mean, directions = _principal(pair_points(means.take(np.sort(positions[:_SPECTRUM_ROWS]))))
    points = np.empty((len(positions), directions.shape[1]), dtype=np.float32)
    # ½[a + b, a − b] in these directions, without making the points.
    of_sum, of_difference = np.split(directions / 2, 2)
    of_a, of_b, origin = of_sum + of_difference, of_sum - of_difference, mean @ directions
    ascending = np.argsort(positions)
    for start in range(0, len(positions), _BLOCK):
        rows = ascending[start : start + _BLOCK]
        a, b = unit_sides(means.take(positions[rows]))
        points[rows] = a @ of_a + b @ of_b - origin
    return points


def _principal(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The mean `[d]` of points `[n, d]`, and the leading directions `[d, r]` of their variance."""
    mean = points.mean(axis=0)
    centered = points - mean
    variances, directions = np.linalg.eigh(centered.T @ centered)
    shown = variances[::-1].cumsum() / max(float(variances.sum()), 1e-30)
    kept = int(np.searchsorted(shown, _SHOWN)) + 1
    return mean, np.ascontiguousarray(directions[:, ::-1][:, :kept])
