"""Allocator `top`: the highest scores."""

from __future__ import annotations

import numpy as np
import torch

from acqkit.embeddings import IntArray
from acqkit.interfaces import Component, RoundContext, Scores
from acqkit.selection import check_budget


class Top(Component):
    """The n candidates with the highest scores; ties are broken at random, by the seed."""

    def allocate(self, scores: Scores, context: RoundContext, n: int) -> IntArray:
        """`n` picks `[n]`, highest score first, in O(len(pool) + n log n)."""
        check_budget(n, len(context.candidates))
        values = scores.values  # -inf off the candidates
        # torch finds the highest in half the time that numpy partitions in.
        lowest = torch.topk(torch.from_numpy(values), n, sorted=False).values.min()
        reached = np.flatnonzero(values >= lowest.numpy())
        order = np.argsort(-values[reached])
        highest = values[reached[order]]
        if (highest[1:] == highest[:-1]).any():
            order = np.lexsort((context.uniforms("top", reached), -values[reached]))
        picks: IntArray = reached[order[:n]]
        return picks
