"""Strategy `probcover`: maximum coverage of the pool by balls around the picks."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from acqkit.embeddings import BoolArray, FloatArray, IntArray
from acqkit.interfaces import Component, RoundContext, Selection
from acqkit.neighbors import (
    count_similar,
    count_similar_near,
    inner_products,
    kmeans,
    most_similar_other,
    subtract_similar,
    unit,
)
from acqkit.selection import check_budget
from acqkit.strategies.order import considered, settled, unified_means

_ROUNDING = 1e-6
"""Added to similarities of unit vectors, so that a pair covers itself whatever the rounding."""

_MOST_PSEUDO_LABELS = 500
"""Clusters that stand for classes at most: with more, k-means takes as long as all the rest."""

_ANCHORS = 2_000
"""Balls by which purity is estimated, with a standard error of half a percent."""


class ProbCover(Component):
    """Greedy maximum coverage of the pool by balls of radius delta on the unit sphere."""

    delta: float | None = Field(None, gt=0, le=2, description="radius of the balls [from `purity`]")
    purity: float = Field(
        0.95, gt=0, lt=1, description="share of balls that may hold one pseudo-label only"
    )
    considered: int = Field(
        100_000, ge=1, description="picks come from a sample of at most this many pairs"
    )
    witnesses: int = Field(
        50_000, ge=1, description="coverage is counted on a sample of at most this many pairs"
    )

    def select(self, context: RoundContext, n: int) -> Selection:
        """`n` picks with how many pairs each newly covers (Yehuda et al. 2022, algorithm 1).

        A pair covers those whose unified means, as unit vectors, lie within delta. Labeled
        pairs, and those asked for that wait for an answer, cover from the start. Exact
        greedy, so within 1 − 1/e of the best coverage, in memory linear in the pool. Counting
        takes time with the square of the pool, so larger pools are sampled uniformly: what is
        picked out of `considered` pairs is counted on `witnesses` of them. Once everything is
        covered, the rest is picked at random.
        """
        check_budget(n, len(context.candidates))
        positions = considered(context, n, self.considered)
        x = unit(unified_means(context.embeddings, positions))
        # In canonical order the first pairs are a uniform sample of the pool.
        witnesses = x[: self.witnesses]
        delta = self.delta
        if delta is None:
            classes = max(len(context.pool.class_names), 2)
            delta = pure_radius(x, witnesses, classes, self.purity, context.derive("probcover"))
        threshold = 1 - delta**2 / 2 - _ROUNDING
        known = unit(unified_means(context.embeddings, settled(context)))
        uncovered = count_similar(witnesses, known, threshold) == 0
        free = np.isin(positions, context.candidates)
        rows, gains = greedy_cover(x, uncovered, free, threshold, n)
        record = {"delta": delta, "covered": 1 - float(uncovered.mean())}
        return Selection(positions[rows], gains, record=record)


def greedy_cover(
    x: FloatArray,
    uncovered: BoolArray,
    free: BoolArray,
    threshold: float,
    n: int,
) -> tuple[IntArray, FloatArray]:
    """`n` free rows of `x` `[N, d]`, each similar to the most rows that are still uncovered.

    `uncovered` `[m]`, about the first m rows, is updated. Also gives the number newly covered
    by each pick `[n]`. Gains are kept exact by subtracting what each pick covers, so no
    graph is kept and no two rows are compared more than twice; of equals the first row wins.
    Whether two rows are similar whose similarity is within rounding of the threshold (a few 1e-7)
    depends on what they are compared along with.
    """
    gains = count_similar_near(x, uncovered, threshold)
    gains[~free] = -np.inf
    witnesses = x[: len(uncovered)]
    rows = np.empty(n, dtype=np.int64)
    newly_covered = np.empty(n, dtype=np.float32)
    for i in range(n):
        rows[i] = np.argmax(gains)
        similarity = inner_products(x, x[rows[i]])
        covers = similarity[: len(uncovered)] >= np.float32(threshold)
        newly = np.flatnonzero(covers & uncovered)
        newly_covered[i] = len(newly)
        uncovered[newly] = False
        gains[rows[i]] = -np.inf
        if len(newly) and i + 1 < n:
            subtract_similar(gains, x, similarity, witnesses[newly], threshold)
    return rows, newly_covered


def pure_radius(
    x: FloatArray, witnesses: FloatArray, classes: int, purity: float, seed: int
) -> float:
    """The largest radius at which a share `purity` of balls hold one pseudo-label only.

    Pseudo-labels are clusters of k-means, one a class (Yehuda et al. 2022, section 4.2), of more
    than 500 classes as many. A
    ball is pure while its radius is below the distance from its center to the nearest pair
    with another pseudo-label, so the radius sought is the 1 − purity quantile of these.
    """
    _, cluster = kmeans(x, min(classes, _MOST_PSEUDO_LABELS), seed)
    anchors = min(len(x), _ANCHORS)
    similarity = most_similar_other(
        x[:anchors], cluster[:anchors], witnesses, cluster[: len(witnesses)]
    )
    distances = np.sqrt(np.maximum(2 - 2 * similarity, 0))
    radius = float(np.quantile(distances, 1 - purity, method="lower"))
    return min(max(radius, _ROUNDING), 2.0)
