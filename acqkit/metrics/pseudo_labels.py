"""Pseudo-labels from class probabilities, how sure they are, and how often they are right."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acqkit.embeddings import FloatArray
from acqkit.errors import ConfigError
from acqkit.labels import LabelState

FLOOR = 0.5
"""How likely a second, third, ... label of a pair must be at least, if not told otherwise."""

COVERAGES = tuple(tenths / 10 for tenths in range(1, 11))
"""Shares of the pairs, the most confident first, at which precision is told."""


def class_prior(labels: LabelState, *, multilabel: bool) -> FloatArray:
    """Share of pairs with each class `[c]`, from the labels known; never 0 or 1.

    Half a pair is added per class and outcome (Jeffreys' prior), so that a class without any
    label yet is rare and not impossible: (count + ½) / (l + 1) where classes are independent,
    (count + ½) / (l + c/2) where each pair has one.
    """
    matrix = labels.matrix[labels.labeled]
    outcomes = 2 if multilabel else matrix.shape[1]
    prior: FloatArray = ((matrix.sum(axis=0) + 0.5) / (len(matrix) + outcomes / 2)).astype(
        np.float32
    )
    return prior


def decide(
    probabilities: FloatArray, prior: FloatArray, *, multilabel: bool, floor: float = FLOOR
) -> NDArray[np.uint8]:
    """Labels `[n, c]` 0/1 from class probabilities `[n, c]`; every pair has its most probable one.

    Single-label: that one alone. Multi-label: a class is also given to the pairs in which it is
    most probable, until its share of pairs is its `prior` `[c]`, as long as it is at least
    `floor` likely. So frequent classes do not swallow pairs beyond their share, a rare class
    has a threshold of its own, and a share is not filled up with guesses; `floor` 0 fills it.
    Of equally probable pairs at the end of a share all have the class.
    """
    n, classes = probabilities.shape
    rows = np.arange(n)
    labels = np.zeros((n, classes), dtype=np.uint8)
    if n == 0:
        return labels
    labels[rows, probabilities.argmax(axis=1)] = 1
    if not multilabel:
        return labels
    for column in range(classes):
        others = rows[labels[:, column] == 0]
        room = round(float(prior[column]) * n) - (n - len(others))
        if not 0 < room <= len(others):
            continue
        values = probabilities[others, column]
        least = max(float(np.partition(values, -room)[-room]), floor)
        labels[others[(values >= least) & (values > 0)], column] = 1
    return labels


def least_sure(probabilities: FloatArray, labels: NDArray[np.uint8]) -> FloatArray:
    """The probability of the least probable of a pair's `labels` `[n, c]`, `[n]`.

    It ranks pairs better than their mean, highest or margin of probability, and than these
    times the agreement of the modalities (measured on held-out labels of three pools).
    """
    least: FloatArray = np.where(labels > 0, probabilities, np.float32(1)).min(axis=1)
    return least


def precision_coverage(
    labels: NDArray[np.uint8],
    confidence: FloatArray,
    truth: NDArray[np.uint8],
    coverages: ArrayLike = COVERAGES,
) -> NDArray[np.float64]:
    """Precision of the most confident pairs' labels, at each of `coverages`, as an array.

    labels and truth `[n, c]` 0/1, confidence `[n]`; a coverage of 0.1 looks at the tenth of the
    pairs that is most confident (at least one pair). Precision is micro precision: of all
    labels given to the pairs that are looked at, the share that is true. With one label a pair
    that is accuracy; where none of them has a label it is NaN. Where confidences are equal, the
    pairs share their labels and hits evenly, so that the order of pairs does not matter.
    Source: the risk-coverage curve, El-Yaniv & Wiener 2010, with precision for risk.

    Raises ConfigError for coverages outside (0, 1] or arrays that do not fit.
    """
    at = np.atleast_1d(np.asarray(coverages, dtype=np.float64))
    if not ((at > 0) & (at <= 1)).all():
        raise ConfigError(f"coverages must be above 0 and at most 1, got {at.tolist()}")
    if labels.shape != truth.shape or confidence.shape != labels.shape[:1] or not len(labels):
        raise ConfigError(
            f"labels, confidence and truth must be [n, c], [n] and [n, c] of at least one pair, "
            f"got {labels.shape}, {confidence.shape} and {truth.shape}"
        )
    order = np.argsort(-confidence, kind="stable")
    given = _evenly(labels.sum(axis=1)[order], confidence[order])
    right = _evenly((labels & truth).sum(axis=1)[order], confidence[order])
    last = np.maximum(np.round(at * len(labels)).astype(np.int64), 1) - 1
    hits, total = right.cumsum()[last], given.cumsum()[last]
    precision = np.full(len(at), np.nan)
    np.divide(hits, total, out=precision, where=total > 0)
    return precision


def _evenly(counts: NDArray[np.integer], confidence: FloatArray) -> NDArray[np.float64]:
    """Counts `[n]`, each replaced by its mean over the run of equal `confidence` it is in."""
    starts = np.flatnonzero(np.r_[True, np.diff(confidence) != 0])
    lengths = np.diff(np.r_[starts, len(counts)])
    means: NDArray[np.float64] = np.add.reduceat(counts, starts) / lengths
    return np.repeat(means, lengths)
