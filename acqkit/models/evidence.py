"""How far the labels known so far can be generalized: measured on them, before they are learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

from acqkit.embeddings import BoolArray, Float64Array, FloatArray

FOLDS = 10
"""Parts of the labeled pairs, each predicted from the others; fewer pairs are parts by themselves.

Ten are the usual choice; more cost time and change little.
"""
CONFIDENCE = 0.95
"""With which the labels have to show that they can be generalized: a few may do so by chance."""
_TINY = 1e-12


def label_evidence(
    features: Sequence[FloatArray],
    labels: FloatArray,
    *,
    multilabel: bool,
    present: Sequence[BoolArray | None] = (None, None),
) -> float:
    """How far classes that are learned from these labels can be trusted, in [0, 1].

    Ridge regression predicts each labeled pair's classes from the others (cross-fitting, see
    `FOLDS`), by each modality alone. How much of such a prediction is true on average is the
    slope of the labels over it, both less the class frequencies: the factor by which predictions
    have to be shrunk (Copas 1983, "Regression, prediction and shrinkage", section 4). What it
    exceeds with `CONFIDENCE`, by its standard error over pairs and Student's t, is believed, and
    the evidence is the square root of that, at most 1. Without a second label, or where classes
    are not predicted, it is 0.

    Where each pair has one class, it also falls by the share of the pairs that belong to
    classes without any label, by Jeffreys' prior: all of them would be predicted wrongly.

    features: of modality a and b, `[l, d]`, not shaped by these labels; labels `[l, c]` 0/1;
    present: which pairs have a modality, `[l]` bool, None for all.
    """
    rows = len(labels)
    if rows < 2:
        return 0.0
    known = labels.astype(np.float64)
    products, squares = np.zeros(rows), np.zeros(rows)
    for side, mask in zip(features, present, strict=True):
        seen = np.arange(rows) if mask is None else np.flatnonzero(mask)
        predicted, actual = _cross_fitted(side[seen].astype(np.float64), known[seen])
        products[seen] += (predicted * actual).sum(axis=1)
        squares[seen] += (predicted * predicted).sum(axis=1)
    total = squares.sum()
    if total < _TINY:
        return 0.0
    slope = products.sum() / total
    residuals = products - slope * squares
    error = np.sqrt(rows / (rows - 1) * np.square(residuals).sum()) / total
    least = slope - stdtrit(rows - 1, CONFIDENCE) * error
    share = 1.0 if multilabel else 1 - _unseen_share(known)
    return float(np.sqrt(np.clip(least * share, 0, 1)))


def _cross_fitted(
    features: Float64Array, labels: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Predictions of every pair's labels from the other folds, and the labels: both `[l, c]`,
    less the other folds' class frequencies."""
    predicted, actual = np.zeros_like(labels), np.zeros_like(labels)
    parts = min(FOLDS, len(labels))
    fold = np.arange(len(labels)) % max(parts, 1)
    for part in range(parts if len(labels) > 1 else 0):
        out = fold == part
        x, y = features[~out], labels[~out]
        center, frequency = x.mean(axis=0), y.mean(axis=0)
        gram = (x - center).T @ (x - center)
        # The mean eigenvalue: what is learned are the directions in which pairs differ most.
        penalty = max(np.trace(gram) / len(gram), _TINY)
        weight = np.linalg.solve(
            gram + penalty * np.eye(len(gram)), (x - center).T @ (y - frequency)
        )
        predicted[out] = (features[out] - center) @ weight
        actual[out] = labels[out] - frequency
    return predicted, actual


def _unseen_share(labels: Float64Array) -> float:
    """Expected share of pairs whose class has no label yet, by Jeffreys' prior (½ a class)."""
    pairs, classes = labels.shape
    unseen = int((labels.sum(axis=0) == 0).sum())
    return float(0.5 * unseen / (pairs + 0.5 * classes))
