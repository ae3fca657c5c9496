"""Strategy `coreset`: k-center greedy, the farthest pair first."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy.spatial.distance import cdist

from acqkit.embeddings import FloatArray, IntArray
from acqkit.interfaces import Component, RoundContext, Selection
from acqkit.neighbors import (
    Kind,
    beside,
    filled,
    library_of,
    mean_vector,
    nearest,
    on_device,
    rows_where,
    squared_distances,
)
from acqkit.selection import check_budget
from acqkit.strategies.order import points_of, settled

_ROUNDING = 1e-5
"""Relative rounding error of float32 sums of squared differences, at most."""

_MOST_TIES = 64
"""Rows within rounding of the farthest that are compared again; more are duplicates."""


class CoreSet(Component):
    """Repeatedly the candidate farthest from every labeled and picked pair."""

    holds_means: ClassVar[bool] = True

    def select(self, context: RoundContext, n: int) -> Selection:
        """`n` picks in the order of choice (Sener and Savarese 2018, algorithm 1).

        Distances are Euclidean between unified means. Labeled pairs, and those asked for
        that wait for an answer, are centers from the start; without any, the first pick is
        the candidate nearest to the candidates' mean. Scores are the distances to the
        nearest center when picked (of that first pick: to the mean).
        """
        check_budget(n, len(context.candidates))
        candidates = context.canonical(context.candidates)
        x, centers = points_of(context, candidates), points_of(context, settled(context))
        rows, squared = k_center(x, centers, n)
        return Selection(candidates[rows], np.sqrt(squared))


def k_center(x: Kind, centers: Kind, n: int) -> tuple[IntArray, FloatArray]:
    """`n` distinct rows of `x` `[u, d]`, each the farthest from centers `[l, d]` and earlier rows.

    One pass over `x` per pick. Also gives the squared distances `[n]` when picked. Exact:
    what float32 cannot tell apart is compared again in float64; of equals the first wins.
    """
    rows = np.empty(n, dtype=np.int64)
    squared = np.empty(n, dtype=np.float32)
    step, distances = filled(len(x), 0, like=x), filled(len(x), np.inf, like=x)
    if len(centers):
        distances = beside(nearest(x, centers)[0], like=x)
    for i in range(n):
        if i == 0 and not len(centers):
            squared_distances(x, mean_vector(x), step)
            rows[0] = int(step.argmin())
            squared[0] = float(step[rows[0]])
        else:
            rows[i] = _farthest(distances, x, centers, rows[:i])
            squared[i] = float(distances[rows[i]])
        squared_distances(x, x[rows[i]], step)
        library_of(x).minimum(distances, step, out=distances)
        distances[rows[i]] = -1
    return rows, squared


def _farthest(distances: Kind, x: Kind, centers: Kind, picked: IntArray) -> int:
    top = int(distances.argmax())
    near = rows_where(distances >= float(distances[top]) * (1 - _ROUNDING))
    if len(near) == 1 or len(near) > _MOST_TIES:
        return top
    compared = (x[near], centers, x[picked])
    close, *known = (on_device(points, "cpu").double().numpy() for points in compared)
    exact = cdist(close, np.concatenate(known), "sqeuclidean")
    return int(near[np.argmax(exact.min(axis=1))])
