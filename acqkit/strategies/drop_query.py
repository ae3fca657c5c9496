"""Strategy `drop-query`: pairs whose predicted class does not survive the loss of features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from pydantic import Field

from acqkit.embeddings import BoolArray, FloatArray, IntArray, LinearClassifier
from acqkit.errors import EmbeddingError
from acqkit.interfaces import Component, EmbeddingClassifier, RoundContext, Selection
from acqkit.selection import check_budget
from acqkit.strategies.kmeans import central_rows
from acqkit.strategies.max_herding import classes_known, cover_first
from acqkit.strategies.order import largest, unified_means

_ROWS = 4_096
"""Rows whose features are dropped at a time."""

_LOGITS = 1 << 21
"""Logits held at a time: 8 MiB."""

Predict = Callable[[FloatArray], BoolArray | IntArray]
"""What is predicted for points `[k, d]`: the likeliest class `[k, 1]`, or all classes `[k, c]`."""


class DropQuery(Component):
    """The middle of each cluster of pairs whose prediction changes when features are dropped."""

    rate: float = Field(0.75, gt=0, lt=1, description="share of features dropped")
    samples: int = Field(3, ge=1, description="times that features are dropped")

    def select(self, context: RoundContext, n: int) -> Selection:
        """`n` picks and how often their prediction changed (Gupte et al. 2024).

        The classifier predicts from z, the unified mean, and from m ∘ z with masks m that drop
        each feature with probability `rate`. Candidates whose prediction changes in more than
        half of the `samples` (of fewer than `n` such, those where it changes most often) are
        clustered by k-means into `n` clusters, and the one nearest to each centroid is picked.
        Multi-label: a prediction changes if any class does. Before there are class
        probabilities, `max-herding` picks. Raises EmbeddingError when the model offers no
        classifier of embeddings.
        """
        check_budget(n, len(context.candidates))
        if not classes_known(context.embeddings):
            return cover_first(context, n)
        predict = _classifier_of(context)
        candidates = context.canonical(context.candidates)
        # Class columns are what a classifier may read, and what clusters must not.
        points = unified_means(replace(context.embeddings, content_dim=None), candidates)
        means = np.ascontiguousarray(points[:, : context.embeddings.content_dim])
        changes = changed_share(points, predict, self.rate, self.samples, context.rng("drop-query"))
        wavering = np.flatnonzero(changes > 0.5)
        if len(wavering) < n:
            wavering = np.sort(largest(changes, n))
        middle = central_rows(means[wavering], n, context.derive("drop-query"))
        rows = wavering[middle]
        return Selection(candidates[rows], changes[rows], record={"inconsistent": len(wavering)})


def changed_share(
    points: FloatArray, predict: Predict, rate: float, samples: int, rng: np.random.Generator
) -> FloatArray:
    """In which share of `samples` the prediction changes when features are dropped, `[k]`."""
    changes = np.zeros(len(points), dtype=np.float32)
    for start in range(0, len(points), _ROWS):
        block = points[start : start + _ROWS]
        whole = predict(block)
        for _ in range(samples):
            kept = rng.random(block.shape, dtype=np.float32) >= rate
            changes[start : start + _ROWS] += (predict(block * kept) != whole).any(axis=1)
    return changes / np.float32(samples)


def _classifier_of(context: RoundContext) -> Predict:
    """The classes that the model's classifier of embeddings predicts."""
    linear, model = context.embeddings.classifier, context.model
    if linear is not None:
        multilabel = context.embeddings.multilabel
        return lambda points: predicted(linear, points, multilabel)
    if isinstance(model, EmbeddingClassifier):
        if context.embeddings.multilabel:
            return lambda points: model.classify(points) >= 0.5
        return lambda points: model.classify(points).argmax(axis=1)[:, None]
    got = "no model" if model is None else type(model).__name__
    raise EmbeddingError(
        "drop-query needs a classifier of embeddings (PairEmbeddings.classifier, or a model with "
        f"classify), got {got}: take the strategy 'badge'"
    )


def predicted(
    classifier: LinearClassifier, points: FloatArray, multilabel: bool
) -> BoolArray | IntArray:
    """The classes with a logit of at least 0 `[k, c]`, or the one with the largest `[k, 1]`."""
    parts = []
    size = max(1, _LOGITS // len(classifier.bias))
    for start in range(0, len(points), size):
        logits = points[start : start + size] @ classifier.weight.T
        logits += classifier.bias
        parts.append(logits >= 0 if multilabel else logits.argmax(axis=1)[:, None])
    return np.concatenate(parts)
