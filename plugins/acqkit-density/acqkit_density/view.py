"""What an allocation is made on, before there are scores: the pool, or a sample of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from acqkit import RoundContext, Scores
from acqkit.embeddings import Float64Array, IntArray
from acqkit.neighbors import unit
from acqkit_density.clusters import rough_regions, semantic_regions
from acqkit_density.kernel import CoverageKernel
from acqkit_density.neighbors import (
    NeighborGraph,
    means_only,
    neighbor_graph,
    pair_points,
    read_points,
)
from acqkit_density.sample import CanonicalPool, Sample, SampleSizes, rows_to_cover

Mode = Literal["whole", "thin", "sampled"]


@dataclass(frozen=True, eq=False, slots=True)
class ViewParameters:
    """What a view is made for: `picks`, with so many regions and neighbors [by the pool's size]."""

    picks: int
    regions: int | None = None
    neighbors: int | None = None
    sizes: SampleSizes = field(default_factory=SampleSizes)

    def region_count(self, pairs: int, covering: int) -> int:
        """K: enough for one pick a region, few enough to mean something."""
        return self.regions or max(1, min(covering + self.picks, pairs // 8))

    def neighbor_count(self, pairs: int, covering: int) -> int:
        """Neighbors that a pick covers: half its share of the pool.

        Neighborhoods overlap: with its whole share, picks crowd where the pool is dense.
        """
        share = pairs // (2 * (covering + self.picks))
        return self.neighbors or int(np.clip(share, 5, 64))


@dataclass(frozen=True, eq=False)
class PoolView:
    """Pairs in canonical order with regions and neighbors: a row is an index into `order` `[m]`.

    candidates, uncovered, covering, labeled: ascending rows; covering are the labeled and those
    that wait for an answer, uncovered those that are to be covered. region `[m]`; sizes `[K]`:
    pairs of the pool per region, estimated in a sample. graph and kernel are on `graph_rows` `[t]`,
    ascending, each of which stands for `pairs_per_row` pairs of the pool. sample: which rows of the
    pool are seen.
    """

    order: IntArray
    candidates: IntArray
    uncovered: IntArray
    covering: IntArray
    labeled: IntArray
    region: IntArray
    sizes: IntArray
    graph_rows: IntArray
    graph: NeighborGraph
    kernel: CoverageKernel | None
    sample: Sample
    pairs_per_row: float

    @classmethod
    def of(cls, context: RoundContext, given: ViewParameters, mode: Mode = "whole") -> PoolView:
        """A view of the pool.

        `whole`: all pairs, and the graph of all. `thin`: all pairs, but the graph of a sample and
        no kernel, which is enough for the densities of regions. `sampled`: a sample, each pair
        read once, and the graph of those of its pairs that are to be covered.
        """
        if mode == "sampled":
            return cls._sampled(context, given)
        return cls._whole(context, given, thin=mode == "thin")

    @classmethod
    def _whole(cls, context: RoundContext, given: ViewParameters, thin: bool) -> PoolView:
        pool, means = CanonicalPool.of(context), means_only(context.embeddings)
        total, covering = len(pool.order), pool.covering
        every = np.arange(total)
        with context.clock.phase("regions"):
            k = given.region_count(total, len(covering))
            seed = context.derive("regions")
            count, region = semantic_regions(
                means, pool.order, k, seed, given.sizes, context.engine
            )
        with context.clock.phase("graph"):
            rows = pool.sample(given.picks, given.sizes).rows if thin else every
            points = pair_points(means.take(pool.order[rows]))
            by_region = region[rows] if len(rows) > given.sizes.whole else None
            k = given.neighbor_count(len(rows), len(covering))
            graph = neighbor_graph(
                points, k, given.sizes, by_region, engine=context.engine, device=context.device
            )
            kernel = None if thin else CoverageKernel.of(graph, symmetric=True)
        return cls(
            order=pool.order,
            candidates=pool.candidates,
            uncovered=pool.uncovered,
            covering=covering,
            labeled=pool.labeled,
            region=region,
            sizes=np.bincount(region, minlength=count),
            graph_rows=rows,
            graph=graph,
            kernel=kernel,
            sample=Sample(every, total, total),
            pairs_per_row=total / len(rows),
        )

    @classmethod
    def _sampled(cls, context: RoundContext, given: ViewParameters) -> PoolView:
        pool, means = CanonicalPool.of(context), means_only(context.embeddings)
        sample = pool.sample(given.picks, given.sizes)
        own = pool.take(sample.rows)
        candidates, covering = own.candidates, own.covering
        with context.clock.phase("read"):
            points = read_points(means, own.order)
        with context.clock.phase("regions"):
            # In as many directions as unified means have, where points vary in all of theirs.
            leading = unit(points[:, : means.dim])
            k = given.region_count(sample.total, len(covering))
            count, region = rough_regions(leading, k, context.derive("regions"), given.sizes)
        with context.clock.phase("graph"):
            k = given.neighbor_count(len(own.order), len(covering))
            rows = rows_to_cover(own.uncovered, region, k, given.sizes)
            graph = neighbor_graph(
                points, k, given.sizes, region, rows, context.engine, context.device
            )
            kernel = CoverageKernel.of(graph, symmetric=False)
        return cls(
            order=own.order,
            candidates=candidates,
            uncovered=own.uncovered,
            covering=covering,
            labeled=own.labeled,
            region=region,
            sizes=sample.sizes(region, count),
            graph_rows=rows,
            graph=graph,
            kernel=kernel,
            sample=sample,
            pairs_per_row=len(pool.uncovered) / len(rows),
        )

    def utilities(self, scores: Scores) -> Float64Array:
        """u `[m]` in [0, 1]: 0 for the least informative candidate, and for what covers already.

        A pair that is to be covered but has no score, since nobody can answer for it, has the
        candidates' mean.
        """
        utilities = np.zeros(len(self.order))
        own = scores.values[self.order[self.candidates]].astype(np.float64)
        low, high = own.min(), own.max()
        scaled = (own - low) / (high - low) if high > low else np.ones(len(own))
        utilities[self.uncovered] = scaled.mean()
        utilities[self.candidates] = scaled
        return utilities
