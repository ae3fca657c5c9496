"""Strategy `coreset`: k-center greedy, the farthest pair first."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from acqkit.embeddings import FloatArray, IntArray
from acqkit.interfaces import Component, RoundContext, Selection
from acqkit.neighbors import nearest, squared_distances
from acqkit.selection import check_budget
from acqkit.strategies.order import settled, unified_means

_ROUNDING = 1e-5
"""Relative rounding error of float32 sums of squared differences, at most."""

_MOST_TIES = 64
"""Rows within rounding of the farthest that are compared again; more are duplicates."""


class CoreSet(Component):
    """Repeatedly the candidate farthest from every labeled and picked pair."""

    def select(self, context: RoundContext, n: int) -> Selection:
        """`n` picks in the order of choice (Sener and Savarese 2018, algorithm 1).

        Distances are Euclidean between unified means. Labeled pairs, and those asked for
        that wait for an answer, are centers from the start; without any, the first pick is
        the candidate nearest to the candidates' mean. Scores are the distances to the
        nearest center when picked (of that first pick: to the mean).
        """
        check_budget(n, len(context.candidates))
        candidates = context.canonical(context.candidates)
        x = unified_means(context.embeddings, candidates)
        centers = unified_means(context.embeddings, settled(context))
        rows, squared = k_center(x, centers, n)
        return Selection(candidates[rows], np.sqrt(squared))


def k_center(x: FloatArray, centers: FloatArray, n: int) -> tuple[IntArray, FloatArray]:
    """`n` distinct rows of `x` `[u, d]`, each the farthest from centers `[l, d]` and earlier rows.

    One pass over `x` per pick. Also gives the squared distances `[n]` when picked. Exact:
    what float32 cannot tell apart is compared again in float64; of equals the first wins.
    """
    rows = np.empty(n, dtype=np.int64)
    squared = np.empty(n, dtype=np.float32)
    step = np.empty(len(x), dtype=np.float32)
    if len(centers):
        distances = nearest(x, centers)[0]
    else:
        distances = np.full(len(x), np.inf, dtype=np.float32)
    for i in range(n):
        if i == 0 and not len(centers):
            squared_distances(x, x.mean(axis=0, dtype=np.float64).astype(np.float32), step)
            rows[0] = np.argmin(step)
            squared[0] = step[rows[0]]
        else:
            rows[i] = _farthest(distances, x, centers, rows[:i])
            squared[i] = distances[rows[i]]
        squared_distances(x, x[rows[i]], step)
        np.minimum(distances, step, out=distances)
        distances[rows[i]] = -1
    return rows, squared


def _farthest(distances: FloatArray, x: FloatArray, centers: FloatArray, picked: IntArray) -> int:
    top = int(np.argmax(distances))
    near = np.flatnonzero(distances >= distances[top] * np.float32(1 - _ROUNDING))
    if len(near) == 1 or len(near) > _MOST_TIES:
        return top
    everything = np.concatenate([centers, x[picked]])
    exact = cdist(x[near].astype(np.float64), everything.astype(np.float64), "sqeuclidean")
    return int(near[np.argmax(exact.min(axis=1))])
