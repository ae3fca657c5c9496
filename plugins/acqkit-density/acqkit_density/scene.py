"""What an allocation is made on: the pool, or rows that stand for it, in canonical order."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from acqkit import RoundContext, Scores
from acqkit.embeddings import BoolArray, FloatArray, IntArray
from acqkit.labels import UNLABELED
from acqkit.neighbors import unit
from acqkit_density.covering import Covering
from acqkit_density.graph import NeighborGraph, neighbor_graph, pair_points
from acqkit_density.large import (
    Sample,
    is_large,
    means_only,
    read_points,
    representatives,
    rough_regions,
    semantic_regions,
    to_cover,
)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """Some pairs of the pool in canonical order, so that nothing depends on how it is sorted.

    order `[m]` are their positions. Settled are the labeled and those that have been asked for
    and wait for an answer: both cover already.
    """

    order: Ints
    is_candidate: BoolArray
    is_settled: BoolArray

    @classmethod
    def of(cls, context: RoundContext) -> Rows:
        """All pairs of the pool."""
        order = context.canonical(np.arange(len(context.pool)))
        is_candidate = np.zeros(len(order), dtype=bool)
        is_candidate[context.candidates] = True
        rounds = context.pool.labels.round
        is_settled = (rounds >= 0) | ((rounds == UNLABELED) & ~is_candidate)
        return cls(order, is_candidate[order], is_settled[order])

    @property
    def candidates(self) -> Ints:
        """Rows that may be picked, ascending."""
        return np.flatnonzero(self.is_candidate)

    @property
    def settled(self) -> Ints:
        """Rows that cover already, ascending."""
        return np.flatnonzero(self.is_settled)

    def sample(self, picks: int) -> Sample:
        """The rows that stand for all when as many picks are to cover them."""
        return representatives(self.candidates, self.settled, len(self.order), picks)

    def take(self, rows: Ints) -> Rows:
        """Some of them, in the order of `rows`."""
        return Rows(self.order[rows], self.is_candidate[rows], self.is_settled[rows])


def sampled_candidates(context: RoundContext, picks: int) -> IntArray | None:
    """Positions of the candidates that a sampled scene holds; None where it holds them all."""
    pool = Rows.of(context)
    sample = pool.sample(picks)
    own = pool.take(sample.rows)
    return None if len(sample.rows) == sample.total else own.order[own.is_candidate]


@dataclass(frozen=True, eq=False)
class Ground:
    """What is known without scores: regions and the neighbor graph, by row of `order` `[m]`.

    The graph has the neighbors of `graph_rows` `[t]`, ascending: of all rows, or of those that
    are to be covered for all that they stand for.
    Of the graph are the `kernel` `[m, m]` of all rows or, in a sample, `covering`.
    sizes `[K]` are the pairs per region, estimated where `order` is a sample.
    """

    order: Ints
    candidates: Ints
    labeled: Ints
    region: Ints
    sizes: Ints
    graph_rows: Ints
    graph: NeighborGraph
    kernel: sparse.csr_matrix | None = None
    covering: Covering | None = None
    sample: Sample | None = None

    @classmethod
    def whole(
        cls,
        context: RoundContext,
        n: int,
        *,
        regions: int | None = None,
        neighbors: int | None = None,
        thin_graph: bool = False,
    ) -> Ground:
        """All pairs; with `thin_graph` the graph is that of a sample, and there is no kernel."""
        pool = Rows.of(context)
        total, labeled = len(pool.order), pool.settled
        means = means_only(context.embeddings.content())
        wanted = regions or region_count(total, len(labeled), n)
        with context.clock.phase("regions"):
            count, region = semantic_regions(means, pool.order, wanted, context.derive("regions"))
        rows = pool.sample(n).rows if thin_graph else np.arange(total)
        k = neighbors or neighbor_count(len(rows), len(labeled), n)
        with context.clock.phase("graph"):
            points = pair_points(means.take(pool.order[rows]))
            graph = neighbor_graph(points, k, region[rows] if is_large(len(rows)) else None)
            kernel = None if thin_graph else graph.kernel()
        sizes = np.bincount(region, minlength=count)
        return cls(pool.order, pool.candidates, labeled, region, sizes, rows, graph, kernel)

    @classmethod
    def sampled(
        cls,
        context: RoundContext,
        n: int,
        *,
        regions: int | None = None,
        neighbors: int | None = None,
    ) -> Ground:
        """Only the rows that stand for a large pool, each read once."""
        pool = Rows.of(context)
        sample = pool.sample(n)
        own = pool.take(sample.rows)
        labeled = own.settled
        with context.clock.phase("read"):
            means = means_only(context.embeddings.content())
            points = read_points(means, own.order)
        wanted = regions or region_count(sample.total, len(labeled), n)
        with context.clock.phase("regions"):
            # In as many directions as unified means have, where points vary in all of theirs.
            leading = unit(points[:, : means.dim])
            count, region = rough_regions(leading, wanted, context.derive("regions"))
        k = neighbors or neighbor_count(len(own.order), len(labeled), n)
        with context.clock.phase("graph"):
            rows = to_cover(own.candidates, region, k)
            graph = neighbor_graph(points, k, region, rows)
            covering = graph.covering()
        return cls(
            order=own.order,
            candidates=own.candidates,
            labeled=labeled,
            region=region,
            sizes=sample.sizes(region, count),
            graph_rows=rows,
            graph=graph,
            covering=covering,
            sample=sample,
        )

    @property
    def is_estimate(self) -> bool:
        """Whether there are pairs that no row shows."""
        return self.sample is not None and len(self.order) < self.sample.total

    @property
    def labels_by_region(self) -> Ints:
        """Labels so far per region, `[K]`."""
        return np.bincount(self.region[self.labeled], minlength=len(self.sizes))


@dataclass(frozen=True, eq=False)
class Scene(Ground):
    """A ground with scores.

    utilities `[m]` are in [0, 1]; weights `[t]` say what it is worth to cover `graph_rows`.
    """

    utilities: Floats = field(kw_only=True)
    weights: Floats = field(kw_only=True)

    @classmethod
    def of(cls, ground: Ground, scores: Scores, informative: float) -> Scene:
        """Weights are utilities to the power of `informative`."""
        utilities = _scaled(scores.values[ground.order], ground.candidates)
        weights = utilities[ground.graph_rows] ** informative
        return cls(**vars(ground), utilities=utilities, weights=weights)

    def candidates_by_region(self) -> list[Ints]:
        """Rows of each region's candidates, the most informative first."""
        best_first = self.candidates[np.argsort(-self.utilities[self.candidates], kind="stable")]
        order = np.argsort(self.region[best_first], kind="stable")
        counts = np.bincount(self.region[self.candidates], minlength=len(self.sizes))
        return np.split(best_first[order], np.cumsum(counts)[:-1])


def region_count(n: int, labeled: int, picks: int) -> int:
    """K where none is given: enough for one pick a region, few enough to mean something."""
    return max(1, min(labeled + picks, n // 8))


def neighbor_count(n: int, labeled: int, picks: int) -> int:
    """Neighbors a pick covers where no number is given: half its share of the pool.

    Neighborhoods overlap: with its whole share, picks crowd where the pool is dense.
    """
    return int(np.clip(n // (2 * (labeled + picks)), 5, 64))


def _scaled(values: FloatArray, candidates: Ints) -> Floats:
    """Utilities u `[n]` in [0, 1]: 0 for the least informative candidate and for the others."""
    utilities = np.zeros(len(values))
    own = values[candidates].astype(np.float64)
    low, high = own.min(), own.max()
    utilities[candidates] = (own - low) / (high - low) if high > low else 1.0
    return utilities
