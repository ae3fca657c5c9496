"""Strategy `galaxy`: where labels begin to differ, on a line through the pool for each class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray, FloatArray, IntArray
from acqkit.interfaces import Component, RoundContext, Selection
from acqkit.selection import check_budget
from acqkit.strategies.max_herding import classes_known, cover_first
from acqkit.strategies.order import settled, unified_probabilities

_FAR = 1 << 29
"""Farther than any two places of a line are; twice as far still fits into 32 bits."""

Places = NDArray[np.int32]
Kind = TypeVar("Kind", np.int32, np.bool_)


class Galaxy(Component):
    """Pairs halfway between labels that differ, class by class, for classes of unequal size."""

    def select(self, context: RoundContext, n: int) -> Selection:
        """`n` picks in the order of choice (Zhang et al. 2022, algorithm 1).

        A graph for each class k orders the pairs by their margin p_k − max_{j≠k} p_j and connects
        neighbors in this order. Edges between a pair labeled k and one that is labeled otherwise
        are cut. The pick is the middle of the shortest path, in any of the graphs, between two
        such labels, which by bisection finds where labels change. Once no path is left, pairs
        that are 2, 3, ... places apart are connected too, so that picks lie on both sides of a
        change alike, however few pairs a class has. Of equals the nearest to both labels wins.

        The paper is told every label before its next pick. Picks of this batch, and pairs that
        wait for an answer, count as labeled with what the model predicts (the likeliest class;
        multi-label: every class with p ≥ ½), as in `badge`. Multi-label: the graph of a class
        orders by p_k. Scores are 1 / places to the farther of both labels. Before there are class
        probabilities and two labels that differ, `max-herding` picks. Costs a sort of the pool a
        class, and a pass over labels x classes a pick; memory grows as pairs x classes.
        """
        check_budget(n, len(context.candidates))
        labeled = context.canonical(context.pool.labels.labeled)
        has = context.pool.labels.matrix[labeled].astype(bool)
        if not classes_known(context.embeddings):
            return cover_first(context, n)
        if not (has != has[:1]).any():
            return cover_first(context, n, "all labels are the same so far")
        multilabel = context.embeddings.multilabel
        candidates = context.canonical(context.candidates)
        waiting = np.setdiff1d(settled(context), labeled)
        nodes = np.concatenate([candidates, labeled, waiting])
        p = unified_probabilities(context.embeddings, nodes)
        predicted = _predicted(p, multilabel)
        known = np.concatenate([has, predicted[len(nodes) - len(waiting) :]])
        lines = Lines(_margins(p, multilabel), known)
        rows, reasons = np.empty(n, dtype=np.int64), []
        scores = np.empty(n, dtype=np.float32)
        for i in range(n):
            rows[i], line, distance = lines.middle()
            scores[i] = 1 / distance
            reasons.append(f"lies between labels with and without {context.pool.class_names[line]}")
            lines.label(int(rows[i]), predicted[rows[i]])
        return Selection(candidates[rows], scores, record={"reasons": reasons})


def _predicted(p: FloatArray, multilabel: bool) -> BoolArray:
    if multilabel:
        return np.asarray(p >= 0.5)
    predicted = np.zeros(p.shape, dtype=bool)
    predicted[np.arange(len(p)), p.argmax(axis=1)] = True
    return predicted


def _margins(p: FloatArray, multilabel: bool) -> Iterator[FloatArray]:
    """What the line of each class orders by, `[m]`."""
    if multilabel or p.shape[1] == 1:
        yield from p.T
        return
    rows, likeliest = np.arange(len(p)), p.argmax(axis=1)
    first = p[rows, likeliest]
    others = p.copy()
    others[rows, likeliest] = -1
    second = others.max(axis=1)
    for k, own in enumerate(p.T):
        yield own - np.where(likeliest == k, second, first)


class Lines:
    """The graphs of all classes: rows in an order, and where on it labels are known.

    margins: for each of c classes `[m]`, ascending along its line; known `[l, c]`: whether the
    last l of the m rows have each class. `reach` is how many places apart rows are connected.
    """

    def __init__(self, margins: Iterator[FloatArray], known: BoolArray) -> None:
        order = [np.argsort(each, kind="stable").astype(np.int32) for each in margins]
        self._order: Places = np.stack(order)  # [c, m]: rows by place
        self._place = np.empty_like(self._order)  # [c, m]: places by row
        m = self._order.shape[1]
        np.put_along_axis(self._place, self._order, np.arange(m, dtype=np.int32)[None], axis=1)
        own = self._place[:, m - len(known) :]
        sequence = np.argsort(own, axis=1)
        self._known = np.take_along_axis(own, sequence, axis=1)  # [c, l]: places, ascending
        self._has = np.take_along_axis(known.T, sequence, axis=1)
        self.reach = 1

    def label(self, row: int, has: BoolArray) -> None:
        """A row's classes `[c]` are known from now on."""
        place = self._place[:, row]
        before = (self._known < place[:, None]).sum(axis=1)
        self._known = _inserted(self._known, before, place)
        self._has = _inserted(self._has, before, has)

    def middle(self) -> tuple[int, int, int]:
        """A row halfway on a shortest path between labels that differ; its line; its distance.

        Where no path has two edges within `reach`, one within a gap between two neighboring
        labels is the shortest, since it would have two if it led past a third label.
        """
        m = self._order.shape[1]
        edge = np.full((len(self._known), 1), -1, dtype=np.int32)
        left = np.hstack([edge, self._known])
        right = np.hstack([self._known, edge + np.int32(1 + m)])
        places, distances = _between(left, right, self._has)
        nearest = int(distances.min())
        gaps = np.where(self._has[:, :-1] != self._has[:, 1:], right[:, 1:-1] - left[:, 1:-1], 0)
        gaps[gaps < 2] = _FAR  # the same labels, or nothing in between
        shortest = int(gaps.min(initial=_FAR))
        if nearest > self.reach and shortest < _FAR:
            line, gap = np.nonzero(gaps == shortest)
            hops = -(-shortest // self.reach)
            low, high = left[line, gap + 1], right[line, gap + 1]
            place = np.maximum((low + high) // 2, high - hops // 2 * self.reach)
            distance = np.maximum(place - low, high - place)
        else:
            self.reach = max(self.reach, nearest)
            kind, line, gap = np.nonzero(distances == nearest)
            place = places[kind, line, gap]
            distance = np.full(len(place), nearest)
        rows = self._order[line, place]
        first = int(np.argmin(rows))
        return int(rows[first]), int(line[first]), int(distance[first])


def _inserted(values: NDArray[Kind], before: IntArray, new: NDArray[Kind]) -> NDArray[Kind]:
    """Rows of `[c, l]` with one more value each, after so many of the others."""
    column = np.arange(values.shape[1] + 1)
    shifted = np.hstack([values[:, :1], values])
    longer = np.hstack([values, values[:, -1:]])
    merged = np.where(column < before[:, None], longer, shifted)
    merged[np.arange(len(values)), before] = new
    return merged


def _between(left: Places, right: Places, has: BoolArray) -> tuple[Places, Places]:
    """Places in each gap that may be nearest to both kinds of labels, and how near `[4, c, l+1]`.

    Gaps lie between the places left and right `[c, l+1]`, which are labels but for the ends;
    has `[c, l]` are their kinds. The distance is that to the farther of the nearest label of
    either kind, which is smallest at an end of the gap or halfway between two labels.
    """
    edge = np.full((len(left), 1), _FAR, dtype=np.int32)
    before, after = [], []
    for kind in (has, ~has):
        here = np.where(kind, left[:, 1:], np.int32(-_FAR))
        before.append(np.maximum.accumulate(np.hstack([-edge, here]), axis=1))
        there = np.where(kind, right[:, :-1], np.int32(_FAR))
        after.append(np.minimum.accumulate(np.hstack([there, edge])[:, ::-1], axis=1)[:, ::-1])
    halfway = [(before[0] + after[1]) // 2, (before[1] + after[0]) // 2]
    places = np.stack([left + 1, right - 1, *halfway]).clip(left + 1, right - 1)
    nearest = [np.minimum(places - b, a - places) for b, a in zip(before, after, strict=True)]
    distances = np.maximum(*nearest)
    distances[:, right - left < 2] = _FAR
    return places, distances
