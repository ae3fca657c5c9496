"""Allocator `top`: the highest scores, and nothing else."""

from __future__ import annotations

import numpy as np

from acqkit.embeddings import IntArray
from acqkit.interfaces import Component, RoundContext, Scores
from acqkit.selection import check_budget


class Top(Component):
    """The n candidates with the highest scores; chance, by the seed, decides between equals."""

    def allocate(self, scores: Scores, context: RoundContext, n: int) -> IntArray:
        """`n` picks, highest score first, in O(u + n log n) for u candidates."""
        candidates = context.candidates
        check_budget(n, len(candidates))
        values = scores.values[candidates]
        last = len(values) - n
        threshold = np.partition(values, last)[last]
        sure = candidates[values > threshold]
        equal = candidates[values == threshold]
        chance = context.uniforms("top")
        order = np.argsort(chance[equal], kind="stable")
        picks = np.concatenate([sure, equal[order[: n - len(sure)]]])
        return picks[np.lexsort((chance[picks], -scores.values[picks]))]
