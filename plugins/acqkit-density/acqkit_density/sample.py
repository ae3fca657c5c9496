"""A random sample that stands for a large pool, and which of its pairs are to be covered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acqkit import RoundContext
from acqkit.embeddings import BoolArray, IntArray
from acqkit.labels import UNLABELED


@dataclass(frozen=True, slots=True)
class SampleSizes:
    """How much of a large pool is looked at, in pairs where nothing else is said."""

    whole: int = 50_000
    """Pools up to this size are looked at whole: about a second on one core, most of it spent on
    neighbors. It is also the least size of a sample."""
    per_pick: int = 112
    """Sampled pairs a label or pick: its share of the pool is then known to about a tenth
    (1/√112). Time grows in proportion."""
    covered_neighbors: int = 25
    """Pairs to be covered among the neighbors of a sampled pair. A pick's gain is estimated from
    these; with 25, picks reach 0.94 of the exact objective (benchmarks/sample.py)."""
    per_region: int = 32
    """Pairs a region from which k-means learns. The regions of a sample, which need only say who
    is near whom, learn from half of that."""
    around: int = 800
    """Pairs with which one is compared where neighbors are looked for by regions. With fewer,
    neighbors are missed; time grows in proportion."""
    recall: float = 0.95
    """Share of the true neighbors to be found between 10,000 pairs and `whole`, where an exact
    search would take four times as long."""


@dataclass(frozen=True, eq=False, slots=True)
class CanonicalPool:
    """Pairs in canonical order, so that nothing depends on how the pool is sorted, and their state.

    order `[m]` are positions. Covering are the labeled and those that have been asked for and wait
    for an answer. To be covered are the candidates and, in a simulation on a partly labeled pool,
    the pairs for which nobody can answer; a skipped pair is neither.
    """

    order: IntArray
    is_candidate: BoolArray
    is_covering: BoolArray
    is_labeled: BoolArray
    is_uncovered: BoolArray

    @classmethod
    def of(cls, context: RoundContext) -> CanonicalPool:
        """All pairs of the pool."""
        order = context.canonical(np.arange(len(context.pool)))
        is_candidate = np.zeros(len(order), dtype=bool)
        is_candidate[context.candidates] = True
        is_labeled = context.pool.labels.round >= 0
        is_covering = context.covering()
        is_uncovered = (context.pool.labels.round == UNLABELED) & ~is_covering
        masks = (is_candidate, is_covering, is_labeled, is_uncovered)
        return cls(order, *(mask[order] for mask in masks))

    @property
    def candidates(self) -> IntArray:
        """Rows that may be picked, ascending."""
        return np.flatnonzero(self.is_candidate)

    @property
    def uncovered(self) -> IntArray:
        """Rows that are to be covered, ascending."""
        return np.flatnonzero(self.is_uncovered)

    @property
    def covering(self) -> IntArray:
        """Rows that cover already, ascending."""
        return np.flatnonzero(self.is_covering)

    @property
    def labeled(self) -> IntArray:
        """Rows that have labels, ascending."""
        return np.flatnonzero(self.is_labeled)

    def take(self, rows: IntArray) -> CanonicalPool:
        """Some of them, in the order of `rows`."""
        return CanonicalPool(
            self.order[rows],
            self.is_candidate[rows],
            self.is_covering[rows],
            self.is_labeled[rows],
            self.is_uncovered[rows],
        )

    def sample(self, picks: int, sizes: SampleSizes) -> Sample:
        """A sample for choosing so many picks: with as many candidates, and all that cover.

        Rows are in random order, so that the first ones are a random draw. All rows where the
        sample would be no smaller.
        """
        covering, total = self.covering, len(self.order)
        size = max(sizes.whole, sizes.per_pick * (len(covering) + picks))
        if size >= total:
            return Sample(np.arange(total), total, total)
        inside = np.zeros(total, dtype=bool)
        inside[:size] = inside[self.candidates[:size]] = inside[covering] = True
        return Sample(np.flatnonzero(inside), size, total)


@dataclass(frozen=True, eq=False, slots=True)
class Sample:
    """Rows that stand for a pool of `total` rows.

    `rows` `[m]` are ascending; the first `drawn` of them are 0 to `drawn` - 1, a random draw of
    the pool, by which sizes are estimated.
    """

    rows: IntArray
    drawn: int
    total: int

    @property
    def is_partial(self) -> bool:
        """Whether there are pairs that no row shows."""
        return len(self.rows) < self.total

    def sizes(self, region: IntArray, count: int) -> IntArray:
        """Pairs of the whole pool in each of `count` regions, from the region of each row `[m]`.

        Never fewer than the rows that are there.
        """
        drawn = np.bincount(region[: self.drawn], minlength=count)
        scaled = np.rint(drawn * (self.total / self.drawn)).astype(np.int64)
        return np.asarray(np.maximum(scaled, np.bincount(region, minlength=count)))


def sampled_candidates(context: RoundContext, picks: int, sizes: SampleSizes) -> IntArray | None:
    """Positions of the candidates in the sample; None where it is the whole pool."""
    pool = CanonicalPool.of(context)
    sample = pool.sample(picks, sizes)
    own = pool.take(sample.rows)
    return own.order[own.is_candidate] if sample.is_partial else None


def rows_to_cover(
    uncovered: IntArray, region: IntArray, neighbors: int, sizes: SampleSizes
) -> IntArray:
    """Which of a sample's `uncovered`, ascending rows, are to be covered for all of them.

    How much a pick covers is only estimated, and fewer rows are enough for that than it takes for
    the best picks to be in the sample: `covered_neighbors` among the `neighbors` of a row. They are
    the same share of every region (`region` `[m]`, by row), which varies less than a random draw.
    """
    wanted = round(min(1.0, sizes.covered_neighbors / neighbors) * len(uncovered))
    by_region = uncovered[np.argsort(region[uncovered], kind="stable")]
    wanted = max(1, wanted)
    return np.sort(by_region[np.arange(wanted) * len(uncovered) // wanted])
