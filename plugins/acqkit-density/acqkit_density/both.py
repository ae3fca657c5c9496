"""The `both` form: quotas from `regions`, choice within them by `coverage`."""

from __future__ import annotations

from dataclasses import dataclass

from acqkit.embeddings import Float64Array, IntArray
from acqkit_density.coverage import CoverageForm, greedy
from acqkit_density.gains import Gains
from acqkit_density.regions import RegionsForm
from acqkit_density.view import PoolView


@dataclass(frozen=True, slots=True)
class BothForm:
    """As many picks from each region as `regions` would take, but those that cover the most."""

    regions: RegionsForm
    coverage: CoverageForm

    def choose(self, view: PoolView, utilities: Float64Array, n: int) -> IntArray:
        """The greedy choice within the quotas; within 1/2 of the best."""
        quota = self.regions.quota(view, utilities, n)
        coverage = self.coverage.objective(view, utilities, n)
        return greedy(coverage, view.candidates, n, region=view.region, quota=quota)

    def values(self, view: PoolView, utilities: Float64Array, n: int) -> Float64Array:
        """Gains in greedy order, free of quotas."""
        return self.coverage.values(view, utilities, n)

    def gains(self, view: PoolView, utilities: Float64Array, rows: IntArray) -> Gains:
        """Utility and coverage, by which a pick was chosen within its region's quota."""
        return self.coverage.gains(view, utilities, rows)
