"""The allocator `density`: a budget spread over the pool as a constrained optimization."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from pydantic import Field

from acqkit import Component, RoundContext, Scores, Selection
from acqkit.embeddings import IntArray
from acqkit_density.both import BothForm
from acqkit_density.constrained import Rule, choose
from acqkit_density.coverage import CoverageForm
from acqkit_density.form import Form
from acqkit_density.record import batch_record
from acqkit_density.regions import Divergence, RegionsForm
from acqkit_density.sample import SampleSizes, sampled_candidates
from acqkit_density.view import Mode, PoolView, ViewParameters


class Density(Component):
    """Picks where the pool is dense and labels are few, weighted by informativeness.

    Forms: `regions` allocates the budget over k-means regions of the pool, with a divergence
    from target shares n_k^α as regularization, and takes the most informative pairs in each;
    `coverage` covers every pair by a pick or a label near it; `both` takes the quotas from
    regions and chooses within them by coverage.

    Sources: Active Supervised Cross-Modal Retrieval, TPAMI 2025, doi
    10.1109/TPAMI.2025.3550526 (budgets by density); Nemhauser et al. 1978 (greedy coverage).
    """

    sizes: ClassVar[SampleSizes] = SampleSizes()
    """How much of a large pool is looked at."""

    form: Literal["regions", "coverage", "both"] = Field(
        "coverage", description="regions, coverage, or both"
    )
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
        """The candidates `[r]` in the sample of a pool of more than 50,000 pairs.

        None, which is all, for smaller pools and wherever regions are to be filled or
        constraints kept to, since both look at every candidate.
        """
        return sampled_candidates(context, n, self.sizes) if self._samples(context) else None

    def prepare(self, context: RoundContext, n: int) -> PreparedDensity:
        """Regions and neighbors, which do not depend on scores."""
        given = ViewParameters(n, self.regions, self.neighbors, self.sizes)
        mode: Mode = "whole"
        if self._samples(context):
            mode = "sampled"
        elif self.form == "regions" and not self.constraints:
            mode = "thin"
        return PreparedDensity(self, PoolView.of(context, given, mode))

    def allocate(self, scores: Scores, context: RoundContext, n: int) -> Selection:
        """`n` picks, with a table of regions and the reasons for each pick in the record.

        With constraints also what each came to, and by how much the objective could at most
        be better (`optimality`); where a sample stands for the pool, how many pairs it has
        (`sample`). Raises BudgetError naming the constraints that clash.
        """
        return self.prepare(context, n).allocate(scores, context, n)

    def objective(self) -> Form:
        """The objective that the form stands for, with its parameters."""
        regions = RegionsForm(self.alpha, self.weight, self.divergence)
        if self.form == "regions":
            return regions
        coverage = CoverageForm(
            self.coverage_weight, self.informative_coverage, replace(regions, weight=0.0)
        )
        return BothForm(regions, coverage) if self.form == "both" else coverage

    def _samples(self, context: RoundContext) -> bool:
        large = len(context.pool) > self.sizes.whole
        return large and self.form == "coverage" and not self.constraints


@dataclass(frozen=True, eq=False)
class PreparedDensity:
    """The allocator with what it knows of the pool before there are scores."""

    params: Density
    view: PoolView

    def allocate(self, scores: Scores, context: RoundContext, n: int) -> Selection:
        """As `Density.allocate`."""
        view, form = self.view, self.params.objective()
        record: dict[str, Any] = {}
        utilities = view.utilities(scores)
        if self.params.constraints:
            rows, record = choose(form, self.params.constraints, view, utilities, context, n)
        else:
            rows = form.choose(view, utilities, n)
        gains = form.gains(view, utilities, rows)
        record |= batch_record(view, rows, gains, form.regions, context, scores)
        return Selection(view.order[rows], record=record)
