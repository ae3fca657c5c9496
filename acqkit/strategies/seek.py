"""Strategy `seek`: pairs like given ones or a text, for the first examples of a rare class."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from pydantic import Field

from acqkit.embeddings import DEFAULT_BLOCK_SIZE, BoolArray, FloatArray, IntArray
from acqkit.errors import ConfigError, did_you_mean, shown
from acqkit.interfaces import Component, RoundContext, Selection
from acqkit.neighbors import knn, unit
from acqkit.selection import check_budget
from acqkit.strategies.coverage import SMALLEST_RADIUS, Coverage, gaussian
from acqkit.strategies.max_herding import MaxHerding
from acqkit.strategies.order import largest, settled, unified_means
from acqkit.strategies.text_likeness import text_likeness

_AGAINST = np.float32(0.5)
"""How much likeness to a labeled pair of another kind counts against a candidate."""
_SHORTLIST = 50
"""Candidates a pick that are compared with each other."""
_SPREAD = 0.5
"""How near, relative to the typical distance of neighbors, candidates count as alike: with more,
picks leave the examples' neighborhood. These three were chosen on glyphs, wikipedia and
ucm_captions."""


class Seek(Component):
    """The pairs most like given examples, the labeled pairs of a class, or a text; and not alike.

    Where none is given, the examples are the labeled pairs of the class with the fewest. A text
    counts until there are examples.
    """

    examples: tuple[int | str, ...] = Field(
        (), description="ids of pairs like those that are looked for, labeled or not"
    )
    class_name: str | None = Field(
        None, description="a class whose labeled pairs are examples, as all others are none"
    )
    text: str | None = Field(
        None,
        min_length=1,
        description="a text like what is looked for, in a pool whose encoder of texts is recorded",
    )

    def select(self, context: RoundContext, n: int) -> Selection:
        """`n` picks with their likeness, the most wanted first.

        The likeness of a candidate is its cosine similarity to the nearest example, less half of
        that to the nearest labeled pair which is none (relevance feedback by nearest neighbors:
        Giacinto 2007), on unified means. Of the candidates with the highest, scaled to w in
        [0, 1], each pick has the highest wᵢ · (1 − max_{j ∈ S ∪ L} exp(−‖xᵢ − xⱼ‖² / σ²)) when
        its turn comes: pairs that are nearly what is labeled or picked already come later. σ is
        half the median distance of these candidates to the nearest other.

        Labeled pairs are known to be no examples once a class is looked for. Before there is any
        example, the likeness is that to the text, in the features that the pool has of texts;
        without a text, `max-herding` picks. Raises ConfigError for an id or a class that the pool
        does not have, and where texts cannot be encoded.
        """
        check_budget(n, len(context.candidates))
        wanted, other = self._known(context)
        if not len(wanted) and self.text is None:
            return MaxHerding().select(context, n)
        candidates = context.canonical(context.candidates)
        if len(wanted):
            likeness = _likeness(context, candidates, wanted, other)
        else:
            likeness = text_likeness(context, candidates, str(self.text))
        # What the user has shown is not looked for.
        likeness[np.isin(candidates, wanted)] = -2
        shortlist = largest(likeness, min(_SHORTLIST * n, len(candidates)))
        x = unit(unified_means(context.embeddings, candidates[shortlist]))
        known = np.union1d(settled(context), wanted)
        picked = _spread(x, likeness[shortlist], unit(unified_means(context.embeddings, known)), n)
        rows = shortlist[picked]
        record = {"examples": len(wanted), "others": len(other)}
        return Selection(candidates[rows], likeness[rows], record=record)

    def _known(self, context: RoundContext) -> tuple[IntArray, IntArray]:
        """Positions of the examples, and of labeled pairs that are none; in canonical order."""
        labels = context.pool.labels
        given = _positions(context, self.examples)
        target = self._class(context)
        if target is None:
            return context.canonical(given), np.zeros(0, dtype=np.int64)
        has: BoolArray = labels.matrix[labels.labeled, target] > 0
        wanted = np.union1d(given, labels.labeled[has])
        others = np.setdiff1d(labels.labeled[~has], given)
        return context.canonical(wanted), context.canonical(others)

    def _class(self, context: RoundContext) -> int | None:
        """The class that is looked for; None where none is, or there is no label."""
        names = context.pool.class_names
        if self.class_name is not None:
            if self.class_name not in names:
                raise ConfigError(
                    f"seek has the class_name {shown(self.class_name)}, which is no class of the "
                    f"pool; {did_you_mean(self.class_name, names)}"
                )
            return names.index(self.class_name)
        counts = context.pool.labels.matrix.sum(axis=0, dtype=np.int64)
        if self.examples or self.text is not None or not counts.any():
            return None
        return int(np.where(counts > 0, counts, counts.max() + 1).argmin())


def _positions(context: RoundContext, ids: tuple[Hashable, ...]) -> IntArray:
    """Ascending positions of ids; raises ConfigError for one that no pair has."""
    known = context.pool.ids.tolist() if ids else []
    places = {each: place for place, each in enumerate(known)}
    for each in ids:
        if each not in places:
            raise ConfigError(
                f"seek has the example {shown(each)}, which is no id of a pair to label; "
                f"{did_you_mean(each, known[:10_000])}"
            )
    return np.unique(np.array([places[each] for each in ids], dtype=np.int64))


def _likeness(
    context: RoundContext, candidates: IntArray, wanted: IntArray, other: IntArray
) -> FloatArray:
    """Likeness `[u]` of candidates."""
    like, unlike = (unit(unified_means(context.embeddings, rows)) for rows in (wanted, other))
    likeness = np.empty(len(candidates), dtype=np.float32)
    for start in range(0, len(candidates), DEFAULT_BLOCK_SIZE):
        rows = slice(start, start + DEFAULT_BLOCK_SIZE)
        x = unit(unified_means(context.embeddings, candidates[rows]))
        against = (x @ unlike.T).max(axis=1, initial=0)
        likeness[rows] = (x @ like.T).max(axis=1) - _AGAINST * against
    return likeness


def _spread(x: FloatArray, likeness: FloatArray, known: FloatArray, n: int) -> IntArray:
    """Rows of `n` picks out of unit vectors `[k, d]`, where `known` `[l, d]` cover already."""
    low, high = float(likeness.min()), float(likeness.max())
    weights = np.asarray((likeness - low) / max(high - low, 1e-6) + 1e-6, dtype=np.float32)
    nearest = np.sqrt(knn(x, 1)[0])
    radius = _SPREAD * float(np.median(nearest)) if nearest.size else 1.0
    coverage = Coverage(x, x, weights, gaussian(max(radius, SMALLEST_RADIUS)))
    coverage.cover(known)
    rows = np.empty(n, dtype=np.int64)
    free = np.ones(len(x), dtype=bool)
    for i in range(n):
        rows[i] = np.argmax(np.where(free, weights * (1 - coverage.values()), -1))
        free[rows[i]] = False
        coverage.pick(int(rows[i]))
    return rows
