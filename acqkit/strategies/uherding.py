"""Strategy `uherding`: coverage of what is uncertain, calibrated by the labels themselves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from acqkit.embeddings import FloatArray
from acqkit.interfaces import RoundContext, Selection
from acqkit.neighbors import knn, unit
from acqkit.strategies.coverage import SMALLEST_RADIUS, GreedyCoverage, gaussian
from acqkit.strategies.margin import closeness
from acqkit.strategies.order import unified_means
from acqkit.strategies.probe import Probe

_PROBABILITIES = 1 << 21
"""Class probabilities held at a time: 8 MiB."""
_LARGEST = 1.0
"""Radius before there are labels, that of `max-herding`."""


class UHerding(GreedyCoverage):
    """Coverage of the pool weighted by calibrated uncertainty, with a radius that shrinks."""

    radius: float | None = Field(
        None,
        ge=SMALLEST_RADIUS,
        description="radius of the kernel [typical distance of a label to the nearest other]",
    )

    def select(self, context: RoundContext, n: int) -> Selection:
        """`n` picks that cover what is uncertain (Bae et al. 2025).

        Maximizes Σ_j u_j max_{i ∈ S ∪ L} exp(−‖xᵢ − xⱼ‖² / σ²) over sets S of `n` picks, with
        x the unified means at unit length, L the pairs that are labeled or wait for an answer,
        and u_j = 1 − (p₁ − p₂) the uncertainty of the two likeliest answers (multi-label: of the
        class that is hardest to tell). Without labels it is `max-herding`; the more labels there
        are, the smaller σ and the sharper u, until it is uncertainty sampling.

        As in the paper both adapt to the labels, in two ways otherwise: p come from a ridge
        regression of the labels on x, whose temperature is fitted to labels left out one at a
        time, where the paper trains the network again without some labels; and σ is the median,
        not the least, distance of a labeled pair to the nearest other, since one near-duplicate
        among the labels would make the least of them 0. Scores are what each pick adds.
        """
        labeled = context.canonical(context.pool.labels.labeled)
        known = unit(unified_means(context.embeddings, labeled))
        radius = self.radius or typical_distance(known)
        labels = context.pool.labels.matrix[labeled]
        multilabel = context.pool.multilabel

        def weigh(x: FloatArray) -> FloatArray:
            return uncertainty(x, known, labels, multilabel)

        return self.cover(context, n, gaussian(radius), weigh)


def typical_distance(known: FloatArray) -> float:
    """The median distance of unit vectors `[l, d]` to the nearest other; 1 of fewer than two."""
    if len(known) < 2:
        return _LARGEST
    nearest = np.sqrt(knn(known, 1)[0])
    return float(np.clip(np.median(nearest), SMALLEST_RADIUS, _LARGEST))


def uncertainty(
    x: FloatArray, known: FloatArray, labels: NDArray[np.uint8], multilabel: bool
) -> FloatArray:
    """u `[t]` of unit vectors `[t, d]`, from labels `[l, c]` of others `[l, d]`; 1 without any."""
    if len(known) == 0:
        return np.ones(len(x), dtype=np.float32)
    probe = Probe.fit(known, labels, multilabel)
    size = max(1, _PROBABILITIES // labels.shape[1])
    parts = [
        closeness(probe.probabilities(x[start : start + size]), multilabel)
        for start in range(0, len(x), size)
    ]
    # Rounding may take a certain pair below 0.
    return np.asarray(np.maximum(1 + np.concatenate(parts), 0))
