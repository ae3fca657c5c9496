"""Strategy `typiclust`: the most typical pair of each cluster that has no label."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from pydantic import Field

from acqkit.embeddings import BoolArray, IntArray
from acqkit.interfaces import Component, RoundContext, Selection
from acqkit.neighbors import Vectors, kmeans, knn, unit
from acqkit.selection import check_budget
from acqkit.strategies.order import points_of, settled, whole_pool

_RECALL = 0.95
"""Share of true neighbors that a search must find; typicality is a mean, so a few may be missed."""
_NO_DISTANCE = 1e-5
"""Added to mean distances, as the authors do, so that duplicates have a finite typicality."""


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
        positions = whole_pool(context)
        x = unit(points_of(context, positions))
        covered = np.isin(positions, settled(context))
        free = np.isin(positions, context.candidates)
        count = min(int(covered.sum()) + n, self.max_clusters)
        _, cluster = kmeans(x, count, context.derive("typiclust"))
        members = _members(cluster)
        picked = islice(self._in_turns(self._visits(members, covered), members, x, free), n)
        rows, typicality = zip(*picked, strict=True)
        return Selection(positions[np.array(rows)], np.array(typicality, dtype=np.float32))

    def _visits(self, members: list[IntArray], covered: BoolArray) -> list[list[int]]:
        """Clusters in the order in which they give a pair: the large ones, then the small ones."""
        labels = [int(covered[rows].sum()) for rows in members]
        order = sorted(range(len(members)), key=lambda c: (labels[c], -len(members[c])))
        large = [c for c in order if len(members[c]) >= self.min_size]
        return [large, [c for c in order if len(members[c]) < self.min_size]]

    def _in_turns(
        self, visits: list[list[int]], members: list[IntArray], x: Vectors, free: BoolArray
    ) -> Iterator[tuple[int, float]]:
        """Free rows with their typicality, one from each cluster in turn."""
        for clusters in visits:
            queues = {c: self._typical(members[c], x, free) for c in clusters}
            while queues:
                for c in list(queues):
                    best = next(queues[c], None)
                    if best is None:
                        del queues[c]
                    else:
                        yield best

    def _typical(self, rows: IntArray, x: Vectors, free: BoolArray) -> Iterator[tuple[int, float]]:
        """Free rows of one cluster, most typical first; computed on demand."""
        if not free[rows].any():
            return
        squared, _ = knn(x[rows], self.neighbors, recall=_RECALL)
        mean = np.sqrt(squared).mean(axis=1) if squared.size else np.zeros(len(rows))
        for row in np.argsort(mean, kind="stable"):
            if free[rows[row]]:
                yield int(rows[row]), float(1 / (mean[row] + _NO_DISTANCE))


def _members(cluster: IntArray) -> list[IntArray]:
    """Rows of each cluster that has any, ascending."""
    order = np.argsort(cluster, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(cluster[order])) + 1)
