"""The allocator `density`: a budget spread over the pool as a constrained optimization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from acqkit import Component, RoundContext, Scores, Selection
from acqkit.embeddings import IntArray
from acqkit_density.constraints import Rule, constraints_of
from acqkit_density.coverage import Coverage, gains_in_order, greedy
from acqkit_density.covering import greedy_at_once
from acqkit_density.large import is_large
from acqkit_density.program import Program, solve
from acqkit_density.regions import Divergence, RegionProblem, allocate, target_shares
from acqkit_density.scene import Ground, Scene, sampled_candidates

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

    def reads(self, context: RoundContext, n: int) -> IntArray | None:
        """The candidates among the rows that stand for a pool of more than 50,000 pairs.

        None, which is all, for smaller pools and wherever regions are to be filled or
        constraints kept to, since both look at every candidate.
        """
        return sampled_candidates(context, n) if self._samples(context) else None

    def prepare(self, context: RoundContext, n: int) -> PreparedDensity:
        """Regions and the neighbor graph, which do not depend on scores."""
        if self._samples(context):
            ground = Ground.sampled(context, n, regions=self.regions, neighbors=self.neighbors)
        else:
            # Without quotas to choose within, the graph serves the table's densities alone.
            thin = self.form == "regions" and not self.constraints
            ground = Ground.whole(
                context, n, regions=self.regions, neighbors=self.neighbors, thin_graph=thin
            )
        return PreparedDensity(self, ground)

    def allocate(self, scores: Scores, context: RoundContext, n: int) -> Selection:
        """`n` picks, with a table of regions in the record.

        With constraints also what each came to, and by how much the objective could at most
        be better (`optimality`); where a sample stands for the pool, how many pairs it has
        (`sample`). Raises BudgetError naming the constraints that clash.
        """
        return self.prepare(context, n).allocate(scores, context, n)

    def select_on(self, scene: Scene, context: RoundContext, n: int) -> Selection:
        """The picks of `allocate`, where what it needs is known."""
        record: dict[str, Any] = {}
        if self.constraints:
            rows, record = self._constrained(scene, context, n)
        else:
            rows = self.choose(scene, n)
        if scene.is_estimate:
            record["sample"] = {"pairs": len(scene.order), "pool": len(context.pool)}
        table = _table(scene, rows, target_shares(scene.sizes, self.alpha))
        return Selection(scene.order[rows], record={"allocation": table, **record})

    def _samples(self, context: RoundContext) -> bool:
        return self.form == "coverage" and not self.constraints and is_large(len(context.pool))

    def choose(self, scene: Scene, n: int) -> Ints:
        """Rows of `n` picks, free of constraints."""
        if self.form == "regions":
            return _top_of_regions(scene, self._quota(scene, n))
        if scene.covering is not None:
            weights = self.coverage_weights(scene, n)
            return greedy_at_once(
                scene.covering, scene.utilities, weights, scene.labeled, scene.candidates, n
            )
        coverage = self.coverage(scene, n)
        if self.form == "both":
            quota = self._quota(scene, n)
            return greedy(coverage, scene.candidates, n, region=scene.region, quota=quota)
        return greedy(coverage, scene.candidates, n)

    def _constrained(
        self, scene: Scene, context: RoundContext, n: int
    ) -> tuple[Ints, dict[str, Any]]:
        utilities = scene.utilities
        if self.form != "regions":
            utilities = gains_in_order(self.coverage(scene, n), scene.candidates, GREEDY_MARGIN * n)
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

    def _quota(self, scene: Scene, n: int) -> Ints:
        problem = RegionProblem(
            [np.sort(scene.utilities[rows])[::-1] for rows in scene.candidates_by_region()],
            scene.labels_by_region,
            target_shares(scene.sizes, self.alpha),
            n,
            self.weight,
            self.divergence,
        )
        return allocate(problem)

    def coverage(self, scene: Scene, n: int) -> Coverage:
        """What `n` picks are to cover, with what the labeled pairs cover counted already.

        Of a scene of all pairs, which has a kernel; a sample's picks go by its `covering`.
        """
        coverage = Coverage(scene.kernel, scene.utilities, self.coverage_weights(scene, n))
        coverage.include(scene.labeled)
        return coverage

    def coverage_weights(self, scene: Scene, n: int) -> Floats:
        """λ·w_j: what it is worth to cover each of the graph's rows when `n` are picked."""
        share = scene.weights / max(float(scene.weights.sum()), 1e-12)
        return np.asarray(self.coverage_weight * n * share)


@dataclass(frozen=True, eq=False)
class PreparedDensity:
    """The allocator with what it knows of the pool before there are scores."""

    params: Density
    ground: Ground

    def allocate(self, scores: Scores, context: RoundContext, n: int) -> Selection:
        """As `Density.allocate`."""
        scene = Scene.of(self.ground, scores, self.params.informative_coverage)
        return self.params.select_on(scene, context, n)


def _top_of_regions(scene: Scene, quota: Ints) -> Ints:
    chosen = [rows[:count] for rows, count in zip(scene.candidates_by_region(), quota, strict=True)]
    rows = np.concatenate(chosen)
    return rows[np.argsort(-scene.utilities[rows], kind="stable")]


def _table(scene: Scene, rows: Ints, target: Floats) -> list[dict[str, Any]]:
    """One row a region that has pairs: size, density, labels so far, target share, picked."""
    sizes, labels = scene.sizes, scene.labels_by_region
    picked = np.bincount(scene.region[rows], minlength=len(sizes))
    seen = scene.region[scene.graph_rows]
    count = np.bincount(seen, minlength=len(sizes))
    total = np.bincount(seen, scene.graph.density(), minlength=len(sizes))
    density = total / np.maximum(count, 1)
    size = "size (estimated)" if scene.is_estimate else "size"
    return [
        {
            "region": int(k),
            size: int(sizes[k]),
            "density": round(float(density[k]), 4),
            "labels": int(labels[k]),
            "target": round(float(target[k]), 6),
            "picked": int(picked[k]),
        }
        for k in np.flatnonzero(sizes)
    ]
