"""Strategy `bait`: pairs whose labels leave the classifier the least variance over the pool."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from acqkit.embeddings import FloatArray, IntArray
from acqkit.interfaces import Component, RoundContext, Selection
from acqkit.selection import check_budget
from acqkit.strategies.fisher import Axes, Design
from acqkit.strategies.lazy import lazy_greedy
from acqkit.strategies.max_herding import classes_known, cover_first
from acqkit.strategies.order import settled, unified_means, unified_probabilities, whole_pool

_OVERSAMPLED = 2
"""Pairs added a pick, of which the others are removed again, as in the paper."""
_TINY = np.float32(np.finfo(np.float32).tiny)


class Bait(Component):
    """Batches that tell the most about the classifier's weights, weighed by what the pool needs."""

    prior: float = Field(1.0, ge=1e-4, description="weight of the prior, in average pairs")
    classes: int = Field(16, ge=1, description="directions of the class logits, at most")
    width: int = Field(64, ge=1, description="directions of the means, at most")
    considered: int = Field(
        4_096, ge=1, description="picks come from a sample of at most this many pairs"
    )
    witnesses: int = Field(
        10_000, ge=1, description="the pool's information is that of at most this many pairs"
    )

    def select(self, context: RoundContext, n: int) -> Selection:
        """`n` picks S with the least tr(M⁻¹F), M = λI + Σ_{i ∈ L ∪ S} Iᵢ (Ash et al. 2021).

        Iᵢ = zzᵀ ⊗ H is the Fisher information of a linear classifier's weights, with z the
        unified mean, p the unified probabilities, and H = diag(p) − ppᵀ (multi-label:
        diag(p(1 − p))). F is its mean over the pool, L the pairs that are labeled or wait for an
        answer. λ is the mean eigenvalue of F times `prior`, so that the length of z does not
        matter. As in algorithm 1, 2n pairs are added greedily and n of them removed. A gain is
        computed again where it may be the largest, as if it only fell while pairs are added:
        rare exceptions are missed.

        Weights are told apart in m = `classes` directions of the logits and r = `width` of the
        means, in which the pool tells the most (the principal axes of the mean of H and of zzᵀ);
        with no more classes and columns than that, nothing is lost. Memory is that of matrices
        `[rm, rm]`, a gain costs (rm)² and a change m(rm)² operations, however many classes and
        pairs there are. Scores are the shares of the first tr(M⁻¹F) that picks took away when
        they were added. Before there are class probabilities, `max-herding` picks.
        """
        check_budget(n, len(context.candidates))
        if not classes_known(context.embeddings):
            return cover_first(context, n)
        everybody = _observed(context, whole_pool(context)[: self.witnesses])
        axes = Axes.of(*everybody, context.embeddings.multilabel, (self.classes, self.width))
        fisher = axes.project(*everybody).information() / len(everybody[0])
        start = axes.project(*_observed(context, settled(context))).information()
        # Without any information, as of certain predictions, whatever is inverted will do.
        start[np.diag_indices_from(start)] += self.prior * np.trace(fisher) / len(fisher) or 1.0
        most = _OVERSAMPLED * n
        candidates = context.canonical(context.candidates)[: max(self.considered, most)]
        design = Design(axes.project(*_observed(context, candidates)), start, fisher)
        whole = design.value or 1.0
        rows, gains = forward_backward(design, len(candidates), n)
        record = {"variance": design.value / whole}
        return Selection(candidates[rows], gains / np.float32(whole), record=record)


def forward_backward(design: Design, available: int, n: int) -> tuple[IntArray, FloatArray]:
    """`n` of the first `available` rows and what they gained when added, in that order."""
    everything = np.arange(available)
    added, gains = lazy_greedy(
        design.differences(everything, 1),
        lambda rows: design.differences(rows, 1),
        lambda row: design.change(row, 1),
        min(_OVERSAMPLED * n, available),
    )

    def spared(places: IntArray) -> FloatArray:
        # What is hardly missed is removed first; it is missed more as others are removed.
        return np.asarray(1 / np.maximum(design.differences(added[places], -1), _TINY))

    removed, _ = lazy_greedy(
        spared(np.arange(len(added))),
        spared,
        lambda place: design.change(int(added[place]), -1),
        len(added) - n,
    )
    kept = np.setdiff1d(np.arange(len(added)), removed)
    return added[kept], gains[kept]


def _observed(context: RoundContext, positions: IntArray) -> tuple[FloatArray, FloatArray]:
    """Unified means and probabilities of the pairs at `positions`."""
    means = unified_means(context.embeddings, positions)
    return means, unified_probabilities(context.embeddings, positions)
