"""Strategy `badge`: k-means++ on gradient embeddings, kept as factors."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from acqkit.embeddings import FloatArray, IntArray
from acqkit.interfaces import Component, RoundContext, Selection
from acqkit.neighbors import (
    beside,
    filled,
    inner_products,
    library_of,
    squared_distances,
    whole_numbers,
)
from acqkit.selection import check_budget
from acqkit.strategies.order import points_of, unified_probabilities

_ROUNDING = np.float32(4e-6)
"""Squared distances below this share of both squared lengths are rounding: a duplicate."""


class Badge(Component):
    """Pairs whose gradients, for the labels that the model predicts, are long and diverse."""

    holds_means: ClassVar[bool] = True

    def select(self, context: RoundContext, n: int) -> Selection:
        """`n` picks with their distance to those before (Ash et al. 2020, algorithm 1).

        The gradient of the loss with respect to a linear classifier's weights is
        g = (p − ŷ) ⊗ z, with z the unified mean, p the unified probabilities and ŷ the
        likeliest class (multi-label: every class with p ≥ ½). The first pick has the longest
        gradient, as in the authors' code; each next one is drawn with probability
        proportional to the squared distance to the nearest pick, as k-means++ does. Costs
        one pass over means and probabilities per pick. Raises EmbeddingError when
        there are no class probabilities.
        """
        check_budget(n, len(context.candidates))
        candidates = context.canonical(context.candidates)
        p = unified_probabilities(context.embeddings, candidates)
        residual = hallucinated_residual(p, context.embeddings.multilabel)
        means = points_of(context, candidates)
        gradients = FactoredGradients(beside(residual, like=means), means)
        rows, squared = plus_plus(gradients, n, context.rng("badge"))
        return Selection(candidates[rows], np.sqrt(squared))


def hallucinated_residual(probabilities: FloatArray, multilabel: bool) -> FloatArray:
    """p − ŷ `[n, c]`: the loss's gradient by the logits, if the model's own guess ŷ were true.

    In place of `probabilities`, of which there may be thousands a pair.
    """
    residual = probabilities
    if multilabel:
        residual -= residual >= 0.5
    else:
        residual[np.arange(len(residual)), residual.argmax(axis=1)] -= 1
    return residual


class FactoredGradients:
    """Vectors gᵢ = rᵢ ⊗ zᵢ of width c·d, kept as residuals r `[n, c]` and means z `[n, d]`."""

    def __init__(self, residual: Any, mean: Any) -> None:
        self.residual = residual
        self.mean = mean
        self.squared_lengths = _squared_lengths(residual)
        self.squared_lengths *= _squared_lengths(mean)

    def __len__(self) -> int:
        return len(self.mean)

    def squared_distances(self, row: int) -> Any:
        """‖gᵢ − g_row‖² `[n]` = ‖gᵢ‖² + ‖g_row‖² − 2 (rᵢ · r_row)(zᵢ · z_row)."""
        both = self.squared_lengths + self.squared_lengths[row]
        product = inner_products(self.mean, self.mean[row])
        product *= inner_products(self.residual, self.residual[row])
        product *= -2
        product += both
        product[product < _ROUNDING * both] = 0
        return product


def plus_plus(
    gradients: FactoredGradients, n: int, rng: np.random.Generator
) -> tuple[IntArray, FloatArray]:
    """`n` distinct rows by k-means++ (Arthur and Vassilvitskii 2007), the longest first.

    Also gives squared distances `[n]` to the nearest earlier pick (of the first: to zero).
    Where every row left duplicates a pick, the next is drawn uniformly.
    """
    rows = np.empty(n, dtype=np.int64)
    squared = np.empty(n, dtype=np.float32)
    rows[0] = int(gradients.squared_lengths.argmax())
    squared[0] = float(gradients.squared_lengths[rows[0]])
    distances = filled(len(gradients), np.inf, like=gradients.mean)
    free = filled(len(gradients), 1, like=gradients.mean)
    for i in range(1, n):
        last = int(rows[i - 1])
        free[last] = 0
        library_of(free).minimum(distances, gradients.squared_distances(last), out=distances)
        distances[last] = 0
        rows[i] = _draw(distances, free, rng)
        squared[i] = float(distances[rows[i]])
    return rows, squared


def _draw(weights: Any, free: Any, rng: np.random.Generator) -> int:
    """A free row with probability proportional to its weight, uniform where all are 0."""
    cumulated = _cumulated(weights)
    if float(cumulated[-1]) <= 0:
        cumulated = _cumulated(free)
    mark = rng.random() * float(cumulated[-1])
    if isinstance(cumulated, Tensor):
        # A whole number, which torch compares as it is; a float would be one of 24 bits.
        return int(torch.searchsorted(cumulated, int(mark), side="right"))
    return int(np.searchsorted(cumulated, mark, side="right"))


def _cumulated(weights: Any) -> Any:
    if isinstance(weights, Tensor):
        return whole_numbers(weights).cumsum(dim=0)
    return np.cumsum(weights, dtype=np.float64)


def _squared_lengths(x: Any) -> Any:
    if isinstance(x, Tensor):
        return squared_distances(x, x.new_zeros(x.shape[1]))
    return np.einsum("nd,nd->n", x, x)
