"""Allocator `top`: the highest scores."""

from __future__ import annotations

import numpy as np

from acqkit.embeddings import IntArray
from acqkit.interfaces import Component, RoundContext, Scores
from acqkit.selection import check_budget


class Top(Component):
    """The n candidates with the highest scores; ties are broken at random, by the seed."""

    def allocate(self, scores: Scores, context: RoundContext, n: int) -> IntArray:
        """`n` picks `[n]`, highest score first, in O(len(pool) + n log n)."""
        check_budget(n, len(context.candidates))
        values = scores.values  # -inf off the candidates
        last = len(values) - n
        reached = np.flatnonzero(values >= np.partition(values, last)[last])
        wanted = -values[reached]
        if len(np.unique(wanted)) == len(wanted):
            order = np.argsort(wanted)
        else:
            order = np.lexsort((context.uniforms("top")[reached], wanted))
        picks: IntArray = reached[order[:n]]
        return picks
