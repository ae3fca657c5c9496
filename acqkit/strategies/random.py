"""Strategy `random`: picks drawn uniformly."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from acqkit.embeddings import IntArray
from acqkit.interfaces import Component, RoundContext
from acqkit.selection import check_budget


class Random(Component):
    """Every candidate with the same probability, by its id and the seed alone."""

    needs_embeddings: ClassVar[bool] = False

    def select(self, context: RoundContext, n: int) -> IntArray:
        """The candidates `[n]` with the smallest of the numbers drawn for all pairs."""
        candidates = context.candidates
        check_budget(n, len(candidates))
        drawn = context.uniforms("random", candidates)
        return candidates[np.argsort(drawn, kind="stable")[:n]]
