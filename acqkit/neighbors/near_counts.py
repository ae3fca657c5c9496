"""How many rows lie within an angle of each row, without comparing those that cannot.

`count_similar_among` compares all rows with all, which takes time with the square of the pool and
is nearly all that `probcover` does. Here counted rows are grouped by direction: by the triangle
inequality of angles, a row that is farther from a group's center than the group's reach and the
angle together is similar to none of its rows. Both agree (tests/neighbors/test_near_counts.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from acqkit.embeddings import BoolArray, Float64Array, FloatArray, IntArray
from acqkit.neighbors.clusters import kmeans
from acqkit.neighbors.products import count_similar, count_similar_among

_ROUNDING = 2e-3
"""Radians that are allowed for: cosines near 1 tell angles apart no better in float32."""
_GROUPS, _ITERATIONS = 4, 3
"""Groups are 4·√m, after so many iterations of k-means: with half as many, groups reach too far,
with twice as many, finding them takes as long as what is saved."""
_PARTS = (0.5, 0.8, 0.95, 1.0)
"""Where a group is cut, by the share of rows nearer to its center: strays reach the farthest."""
_WORTH_IT = 0.4
"""Share of all comparisons that may be left; with more, comparing all with all is as fast."""
_FEWEST = 4_096
"""Counted rows below which grouping takes as long as counting."""
_LOOKED_AT = 1_024
"""Rows on which that share is estimated."""
_AT_ONCE = 1 << 20
"""Similarities held at a time: 4 MiB."""


def count_similar_near(x: FloatArray, counted: BoolArray, threshold: float) -> FloatArray:
    """As `count_similar_among`, for rows `[n, d]` of length 1 or 0; equal but for rounding.

    Products of two shapes differ by a few 1e-7, so a pair of rows whose similarity is as near to
    the threshold as that may count in one and not in the other.
    """
    members = np.flatnonzero(counted)
    if threshold <= 0 or len(members) < _FEWEST:
        return count_similar_among(x, counted, threshold)
    groups = _Groups.of(x, members, float(np.arccos(min(threshold, 1.0))))
    if groups.share_left(x) > _WORTH_IT:
        return count_similar_among(x, counted, threshold)
    rows, counts = torch.from_numpy(x), torch.zeros(len(x))
    for of_group, near in groups.similar(rows):
        own = rows[torch.from_numpy(of_group)].T.contiguous()
        for part in torch.split(near, max(1, _AT_ONCE // len(of_group))):
            counts[part] += (rows[part] @ own).ge_(threshold).sum(dim=1)
    return counts.numpy()


def subtract_similar(
    counts: FloatArray, x: FloatArray, to_pick: FloatArray, targets: FloatArray, threshold: float
) -> None:
    """Take from `counts` `[n]` the number of targets `[m, d]` that each row of `x` is similar to.

    All targets are similar to one pick, and `to_pick` `[n]` are the rows' similarities to that: a
    row farther than twice the angle from it is similar to none. Rows have length 1 or 0.
    """
    reach = 2 * float(np.arccos(np.clip(threshold, -1, 1))) + _ROUNDING
    if threshold <= 0 or reach >= np.pi:
        counts -= count_similar(x, targets, threshold)
        return
    near = np.flatnonzero(to_pick >= np.float32(np.cos(reach)))
    counts[near] -= count_similar(x[near], targets, threshold)


@dataclass(frozen=True, eq=False)
class _Groups:
    """Rows that are counted, by direction.

    Each of `parts` are rows `[k]`, of the group `center`; a row whose similarity to that group's
    center is less than `bound` is similar to none of them.
    """

    centers: FloatArray
    parts: list[IntArray]
    center: IntArray
    bound: Float64Array

    @classmethod
    def of(cls, x: FloatArray, members: IntArray, angle: float) -> _Groups:
        """Groups of the `members` `[m]`, each cut into parts by how far their rows reach."""
        own, wanted = x[members], _GROUPS * int(np.sqrt(len(members)))
        centers, group = kmeans(own, wanted, 0, spherical=True, iterations=_ITERATIONS)
        similarity = np.einsum("md,md->m", own, centers[group])
        reach = np.arccos(np.clip(similarity, -1, 1)).astype(np.float64)
        order = np.lexsort((reach, group))
        starts = np.flatnonzero(np.diff(group[order], prepend=-1))
        parts, center, bound = [], [], []
        for rows in np.split(order, starts[1:]):
            cuts = np.ceil(np.array(_PARTS[:-1]) * len(rows)).astype(np.int64)
            for part in filter(len, np.split(rows, cuts)):
                parts.append(members[part])
                center.append(group[part[0]])
                bound.append(np.cos(min(reach[part[-1]] + angle + _ROUNDING, np.pi)))
        return cls(centers, parts, np.array(center), np.array(bound))

    def share_left(self, x: FloatArray) -> float:
        """About which share of comparisons is to be made."""
        looked_at = x[np.linspace(0, len(x) - 1, min(_LOOKED_AT, len(x))).astype(np.int64)]
        near = (looked_at @ self.centers.T)[:, self.center] >= self.bound
        sizes = np.array([len(part) for part in self.parts])
        return float(near.mean(axis=0) @ sizes / sizes.sum())

    def similar(self, rows: Tensor) -> Iterator[tuple[IntArray, Tensor]]:
        """Each part, and which rows may be similar to some of it."""
        centers = torch.from_numpy(self.centers)
        at_once = max(1, _AT_ONCE // len(rows))
        for start in range(0, len(centers), at_once):
            block = centers[start : start + at_once] @ rows.T
            inside = np.flatnonzero((self.center >= start) & (self.center < start + at_once))
            for number in inside.tolist():
                near = block[self.center[number] - start] >= self.bound[number]
                yield self.parts[number], near.nonzero()[:, 0]
