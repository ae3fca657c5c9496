"""Strategy `typiclust`: the most typical pair of each cluster that has no label."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
from pydantic import Field
from torch import Tensor

from acqkit.embeddings import BoolArray, FloatArray, IntArray
from acqkit.interfaces import Component, RoundContext, Selection
from acqkit.neighbors import Vectors, knn, knn_among
from acqkit.selection import check_budget
from acqkit.strategies.order import whole_pool
from acqkit.strategies.pool_points import PoolPoints

_RECALL = 0.95
"""Share of true neighbors that a search must find; typicality is a mean, so a few may be missed."""
_NO_DISTANCE = 1e-5
"""Added to mean distances, as the authors do, so that duplicates have a finite typicality."""
_LARGE, _VERY_LARGE = 1_000, 10_000
"""Clusters of so many pairs have a shortlist of pairs that seem typical: to compare all with all
takes longer than to find the clusters. From the second on an inverted file finds neighbors."""
_SAMPLED, _SEEMING_NEIGHBORS, _LEADING = 8, 5, 0.15
"""A pair seems typical by the mean distance to 5 neighbors among an eighth of its cluster. In 50
clusters of two pools the most typical pair was always within the first tenth by that."""


class TypiClust(Component):
    """Clusters without labels first, the largest of them first, and their most typical pair."""

    max_clusters: int = Field(500, ge=1, description="at most this many clusters")
    neighbors: int = Field(20, ge=1, description="neighbors that typicality is measured by")
    min_size: int = Field(6, ge=1, description="smaller clusters come last, as outliers")

    def select(self, context: RoundContext, n: int) -> Selection:
        """`n` picks and their typicality (Hacohen et al. 2022, section 3).

        k-means of all unified means on the unit sphere, with as many clusters as labels and
        picks together, at most `max_clusters`. Clusters in ascending order of labels, then
        descending order of size, give one pair each, in turns where there are fewer than
        `n`. Typicality is the inverse mean distance to the nearest neighbors within the
        cluster, labeled ones too.
        """
        check_budget(n, len(context.candidates))
        everybody = np.arange(len(context.pool))
        covered = context.covering()
        free = np.zeros(len(everybody), dtype=bool)
        free[context.candidates] = True
        count = min(int(covered.sum()) + n, self.max_clusters)
        points = PoolPoints(context, everybody, directions=True)
        cluster, _ = points.clusters(count, context.derive("typiclust"))
        members = _members(cluster, whole_pool(context))

        def typical(c: int) -> Iterator[tuple[int, float]]:
            return self._typical(members[c], points, free)

        picked = islice(_in_turns(self._visits(members, covered), typical), n)
        positions, typicality = zip(*picked, strict=True)
        return Selection(np.array(positions), np.array(typicality, dtype=np.float32))

    def _visits(self, members: list[IntArray], covered: BoolArray) -> list[list[int]]:
        """Clusters in the order in which they give a pair: the large ones, then the small ones."""
        labels = [int(covered[own].sum()) for own in members]
        order = sorted(range(len(members)), key=lambda c: (labels[c], -len(members[c])))
        large = [c for c in order if len(members[c]) >= self.min_size]
        return [large, [c for c in order if len(members[c]) < self.min_size]]

    def _typical(
        self, members: IntArray, points: PoolPoints, free: BoolArray
    ) -> Iterator[tuple[int, float]]:
        """Free positions of one cluster, most typical first; computed on demand."""
        rows = np.flatnonzero(free[members])
        if len(rows) == 0:
            return
        for row, mean in by_mean_distance(points.at(members), rows, self.neighbors):
            yield int(members[row]), float(1 / (mean + _NO_DISTANCE))


def by_mean_distance(x: Vectors, free: IntArray, neighbors: int) -> Iterator[tuple[int, float]]:
    """Rows `free` `[f]` of `x` `[k, d]` with mean distances to their neighbors, the least first.

    Of a large cluster the rows that seem the most typical by an eighth of it come first, sorted by
    their true mean distances, then the others. Of a tensor all are sorted at once.
    """
    if isinstance(x, Tensor) or not _LARGE <= len(x) < _VERY_LARGE:
        squared, _ = knn(x, neighbors, recall=_RECALL)
        mean = np.sqrt(squared).mean(axis=1) if squared.size else np.zeros(len(x), np.float32)
        yield from _sorted(free, mean[free])
        return
    sample = np.arange(len(x) // _SAMPLED)
    seeming = np.sqrt(knn_among(x, free, _SEEMING_NEIGHBORS, sample)[0]).mean(axis=1)
    order = free[np.argsort(seeming, kind="stable")]
    leading = int(np.ceil(_LEADING * len(order)))
    for part in (order[:leading], order[leading:]):
        own = np.sort(part)
        squared, _ = knn_among(x, own, neighbors, np.arange(len(x)))
        yield from _sorted(own, np.sqrt(squared).mean(axis=1))


def _sorted(rows: IntArray, mean: FloatArray) -> Iterator[tuple[int, float]]:
    order = np.argsort(mean, kind="stable")
    return zip(rows[order].tolist(), mean[order].tolist(), strict=True)


def _in_turns(
    visits: list[list[int]], typical: Callable[[int], Iterator[tuple[int, float]]]
) -> Iterator[tuple[int, float]]:
    """Positions with their typicality, one from each cluster in turn."""
    for clusters in visits:
        queues = {c: typical(c) for c in clusters}
        while queues:
            for c in list(queues):
                best = next(queues[c], None)
                if best is None:
                    del queues[c]
                else:
                    yield best


def _members(cluster: IntArray, positions: IntArray) -> list[IntArray]:
    """Positions of each cluster that has any, in the order of `positions`."""
    own = cluster[positions]
    order = np.argsort(own, kind="stable")
    return np.split(positions[order], np.flatnonzero(np.diff(own[order])) + 1)
