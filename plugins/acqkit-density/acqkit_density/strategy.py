"""The strategy `coverage`: every pair counts alike, and no scorer is asked."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from acqkit import Component, RoundContext, Selection
from acqkit.selection import check_budget
from acqkit_density.coverage import CoverageForm, greedy
from acqkit_density.gains import Gains
from acqkit_density.record import batch_record
from acqkit_density.regions import RegionsForm
from acqkit_density.sample import SampleSizes
from acqkit_density.view import PoolView, ViewParameters

_NO_REGIONS = RegionsForm(alpha=1.0, weight=0.0, divergence="chi2")
"""Regions have no part in the choice; the allocation table shows them with proportional shares."""


_TIE = 1e-4
"""Gains that differ by less than this share of one pair's coverage count as equal: ids decide.

Two pairs that cover only each other gain the same but for rounding, which depends on the order in
which a pool is read.
"""


class CoverageStrategy(Component):
    """Covers every pair, all alike, by a pick or label near it; needs no scorer and no classifier.

    Maximizes (1/n) Σ_j max_{i ∈ S ∪ L} k(i, j), the mean coverage of the pool (facility
    location), greedily, within 1 − 1/e of the best (Nemhauser et al. 1978). k is the
    kernel of the allocator `density`, on what pairs show in both modalities.
    """

    sizes: ClassVar[SampleSizes] = SampleSizes()
    """How much of a large pool is looked at."""

    neighbors: int | None = Field(
        None, ge=1, description="neighbors a pick covers [half of pool / (labels + picks), 5 to 64]"
    )

    def select(self, context: RoundContext, n: int) -> Selection:
        """`n` picks and what each adds to the mean coverage, with the reasons in the record.

        The record is that of `density` without a part of the gain that is informativeness.
        Raises BudgetError where there are fewer candidates.
        """
        check_budget(n, len(context.candidates))
        large = len(context.pool) > self.sizes.whole
        given = ViewParameters(n, neighbors=self.neighbors, sizes=self.sizes)
        view = PoolView.of(context, given, "sampled" if large else "whole")
        # λ·n is 1: weights of all pairs sum to 1.
        form = CoverageForm(1 / n, 0.0, _NO_REGIONS)
        ties = context.uniforms("ties", view.order) * (_TIE / len(view.order))
        rows = greedy(form.objective(view, ties, n), view.candidates, n)
        found = form.gains(view, ties, rows)
        gains = Gains({"coverage": found.parts["coverage"]}, found.newly_covered)
        record = batch_record(view, rows, gains, _NO_REGIONS, context)
        return Selection(view.order[rows], gains.total.astype(np.float32), record=record)
