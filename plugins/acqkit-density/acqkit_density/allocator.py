"""The allocator `density`: a budget spread over the pool as a constrained optimization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from acqkit import Component, RoundContext, Scores, Selection
from acqkit.embeddings import FloatArray
from acqkit.labels import UNLABELED
from acqkit_density.constraints import Rule, constraints_of
from acqkit_density.coverage import Coverage, gains_in_order, greedy
from acqkit_density.graph import NeighborGraph, neighbor_graph, pair_points
from acqkit_density.large import LARGE, means_only, representatives, semantic_regions
from acqkit_density.program import Program, solve
from acqkit_density.regions import Divergence, RegionProblem, allocate, target_shares

Form = Literal["regions", "coverage", "both"]
GREEDY_MARGIN = 4
"""Times the picks for which constraints get exact gains to choose from."""
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Density(Component):
    """Picks where the pool is dense and labels are few, weighted by informativeness.

    Forms: `regions` allocates the budget over k-means regions of the pool, with a divergence
    from target shares n_k^α as regularization, and takes the most informative pairs in each;
    `coverage` covers every pair by a pick or a label near it; `both` takes the quotas from
    regions and chooses within them by coverage.
    """

    form: Form = Field("coverage", description="regions, coverage, or both")
    constraints: tuple[Rule, ...] = Field(
        (), description="quotas, floors, ceilings and budgets that the picks must keep to"
    )
    regions: int | None = Field(None, ge=1, description="regions K [labels + picks, at most n/8]")
    alpha: float = Field(1.0, ge=0, description="target share of a region ∝ size^alpha")
    weight: float = Field(1.0, ge=0, description="λ of the density regularization")
    divergence: Divergence = Field("chi2", description="chi2 or kl")
    coverage_weight: float = Field(16.0, ge=0, description="λ of the coverage term")
    informative_coverage: float = Field(
        0.5, ge=0, description="power of the informativeness in the weight of a pair to cover"
    )
    neighbors: int | None = Field(
        None, ge=1, description="neighbors a pick covers [half of pool / (labels + picks), 5 to 64]"
    )

    def allocate(self, scores: Scores, context: RoundContext, n: int) -> Selection:
        """`n` picks, with a table of regions in the record.

        With constraints also what each came to, and by how much the objective could at most
        be better (`optimality`). Raises BudgetError naming the constraints that clash.
        """
        scene = _Scene.of(self, scores, context, n)
        record: dict[str, Any] = {}
        if self.constraints:
            rows, record = self._constrained(scene, context, n)
        else:
            rows = self._free(scene, n)
        table = _table(scene, rows, target_shares(scene.sizes, self.alpha))
        return Selection(scene.order[rows], record={"allocation": table, **record})

    def _free(self, scene: _Scene, n: int) -> Ints:
        quota = None if self.form == "coverage" else self._quota(scene, n)
        if self.form == "regions":
            assert quota is not None
            return _top_of_regions(scene, quota)
        rows = scene.graph_rows
        own = np.searchsorted(rows, np.intersect1d(scene.candidates, rows, assume_unique=True))
        coverage = self._coverage(scene, n)
        return rows[greedy(coverage, own, n, region=scene.region[rows], quota=quota)]

    def _constrained(
        self, scene: _Scene, context: RoundContext, n: int
    ) -> tuple[Ints, dict[str, Any]]:
        utilities = scene.utilities
        if self.form != "regions":
            utilities = gains_in_order(
                self._coverage(scene, n), scene.candidates, GREEDY_MARGIN * n
            )
        own = scene.candidates
        constraints = constraints_of(self.constraints, context, scene.order[own])
        program = Program(
            utilities[own],
            scene.region[own],
            scene.labels_by_region,
            target_shares(scene.sizes, self.alpha),
            n,
            0.0 if self.form == "coverage" else self.weight,
            self.divergence,
            constraints,
        )
        solution = solve(program)
        best_first = solution.picked[np.argsort(-program.utilities[solution.picked], kind="stable")]
        return own[best_first], {
            "constraints": [constraint.met_by(solution.picked) for constraint in constraints],
            "optimality": {"value": solution.value, "bound": solution.bound, "gap": solution.gap},
        }

    def _quota(self, scene: _Scene, n: int) -> Ints:
        problem = RegionProblem(
            [np.sort(scene.utilities[rows])[::-1] for rows in scene.candidates_by_region()],
            scene.labels_by_region,
            target_shares(scene.sizes, self.alpha),
            n,
            self.weight,
            self.divergence,
        )
        return allocate(problem)

    def _coverage(self, scene: _Scene, n: int) -> Coverage:
        graph = scene.graph
        reach = graph.distances[:, -1] if graph.distances.shape[1] else np.zeros(1)
        finite = reach[np.isfinite(reach)]
        bandwidth = max(float(np.median(finite)) if len(finite) else 0.0, 1e-6)
        utilities = scene.utilities[scene.graph_rows]
        informative = utilities**self.informative_coverage
        share = informative / max(float(informative.sum()), 1e-12)
        coverage = Coverage(graph.kernel(bandwidth), utilities, self.coverage_weight * n * share)
        coverage.include(np.searchsorted(scene.graph_rows, scene.labeled))
        return coverage

    def region_count(self, n: int, labeled: int, picks: int) -> int:
        """K where none is given: enough for one pick a region, few enough to mean something."""
        return self.regions or max(1, min(labeled + picks, n // 8))

    def neighbor_count(self, n: int, labeled: int, picks: int) -> int:
        """Neighbors a pick covers where no number is given: half its share of the pool.

        Neighborhoods overlap: with its whole share, picks crowd where the pool is dense.
        """
        return self.neighbors or int(np.clip(n // (2 * (labeled + picks)), 5, 64))


@dataclass(frozen=True, eq=False)
class _Scene:
    """The pool in canonical order, so that nothing depends on how the user sorted it.

    Everything is indexed by row: `order` `[n]` are the rows' positions. The graph is that of
    `graph_rows`, sorted: all rows, or those that stand for a large pool.
    """

    order: Ints
    utilities: Floats
    candidates: Ints
    labeled: Ints
    region: Ints
    regions: int
    graph_rows: Ints
    graph: NeighborGraph

    @classmethod
    def of(cls, params: Density, scores: Scores, context: RoundContext, n: int) -> _Scene:
        order = context.canonical(np.arange(len(context.pool)))
        means = means_only(context.embeddings.content())
        is_candidate = np.zeros(len(order), dtype=bool)
        is_candidate[context.candidates] = True
        # Whoever has been asked for and waits for an answer covers already, like the labeled.
        rounds = context.pool.labels.round
        is_settled = (rounds >= 0) | ((rounds == UNLABELED) & ~is_candidate)
        candidates = np.flatnonzero(is_candidate[order])
        labeled = np.flatnonzero(is_settled[order])
        wanted = params.region_count(len(order), len(labeled), n)
        with context.clock.phase("regions"):
            regions, region = semantic_regions(means, order, wanted, context.derive("regions"))
        rows = np.arange(len(order))
        if params.form in ("regions", "coverage") and not params.constraints:
            rows = representatives(candidates, labeled, len(order), n)
        k = params.neighbor_count(len(rows), len(labeled), n)
        with context.clock.phase("graph"):
            points = pair_points(means.take(order[rows]))
            graph = neighbor_graph(points, k, region[rows] if len(rows) > LARGE else None)
        utilities = _scaled(scores.values[order], candidates)
        return cls(order, utilities, candidates, labeled, region, regions, rows, graph)

    @property
    def sizes(self) -> Ints:
        """Pairs per region, `[K]`."""
        return np.bincount(self.region, minlength=self.regions)

    @property
    def labels_by_region(self) -> Ints:
        """Labels so far per region, `[K]`."""
        return np.bincount(self.region[self.labeled], minlength=self.regions)

    def candidates_by_region(self) -> list[Ints]:
        """Rows of each region's candidates, the most informative first."""
        best_first = self.candidates[np.argsort(-self.utilities[self.candidates], kind="stable")]
        order = np.argsort(self.region[best_first], kind="stable")
        counts = np.bincount(self.region[self.candidates], minlength=self.regions)
        return np.split(best_first[order], np.cumsum(counts)[:-1])


def _scaled(values: FloatArray, candidates: Ints) -> Floats:
    """Utilities u `[n]` in [0, 1]: 0 for the least informative candidate and for the others."""
    utilities = np.zeros(len(values))
    own = values[candidates].astype(np.float64)
    low, high = own.min(), own.max()
    utilities[candidates] = (own - low) / (high - low) if high > low else 1.0
    return utilities


def _top_of_regions(scene: _Scene, quota: Ints) -> Ints:
    chosen = [rows[:count] for rows, count in zip(scene.candidates_by_region(), quota, strict=True)]
    rows = np.concatenate(chosen)
    return rows[np.argsort(-scene.utilities[rows], kind="stable")]


def _table(scene: _Scene, rows: Ints, target: Floats) -> list[dict[str, Any]]:
    """One row a region that has pairs: size, density, labels so far, target share, picked."""
    sizes, labels = scene.sizes, scene.labels_by_region
    picked = np.bincount(scene.region[rows], minlength=scene.regions)
    seen = scene.region[scene.graph_rows]
    count = np.maximum(np.bincount(seen, minlength=scene.regions), 1)
    density = np.bincount(seen, scene.graph.density(), minlength=scene.regions) / count
    return [
        {
            "region": int(k),
            "size": int(sizes[k]),
            "density": round(float(density[k]), 4),
            "labels": int(labels[k]),
            "target": round(float(target[k]), 6),
            "picked": int(picked[k]),
        }
        for k in np.flatnonzero(sizes)
    ]
