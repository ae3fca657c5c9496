"""Components that cost almost nothing, for tests of what goes on around them."""

from __future__ import annotations

from typing import Any

import numpy as np

from acqkit import (
    Component,
    LinearClassifier,
    ModalityEmbeddings,
    Model,
    PairBatch,
    PairEmbeddings,
    RoundContext,
)
from acqkit.embeddings import BoolArray, FloatArray, IntArray
from acqkit.interfaces import ModelState, Pool

DIM = 6


class LightModel:
    """Fixed random projections and class centroids: deterministic, trained in microseconds."""

    def __init__(self, dims: tuple[int, int], n_classes: int, multilabel: bool) -> None:
        rng = np.random.default_rng(0)
        self.projections = [rng.standard_normal((d, DIM)) / np.sqrt(d) for d in dims]
        self.classifier = LinearClassifier(
            np.zeros((n_classes, DIM), np.float32), np.zeros(n_classes, np.float32)
        )
        self.multilabel = multilabel
        self.fitted = False

    def fit(self, pool: Pool, seed: int) -> None:
        labeled = pool.labels.labeled
        self.fitted = len(labeled) > 0
        if not self.fitted:
            return
        means = self.embed(pool.batch(labeled)).unified_mean()
        labels = pool.labels.matrix[labeled].astype(np.float32)
        weight = labels.T @ means / np.maximum(labels.sum(axis=0), 1)[:, None]
        bias = 1e-3 * np.random.default_rng(seed).standard_normal(len(weight))
        self.classifier = LinearClassifier(weight.astype(np.float32), bias.astype(np.float32))

    def state(self) -> ModelState:
        arrays = {"weight": self.classifier.weight, "bias": self.classifier.bias}
        return ModelState(arrays, {"fitted": self.fitted})

    def load_state(self, state: ModelState) -> None:
        self.classifier = LinearClassifier(state.arrays["weight"], state.arrays["bias"])
        self.fitted = bool(state.data["fitted"])

    def embed(self, batch: PairBatch) -> PairEmbeddings:
        a, b = (
            self._side(inputs, projection, present)
            for inputs, projection, present in zip(
                (batch.a, batch.b),
                self.projections,
                (batch.present_a, batch.present_b),
                strict=True,
            )
        )
        classifier = self.classifier if self.fitted else None
        return PairEmbeddings(a, b, batch.positions, self.multilabel, classifier)

    def _side(
        self, inputs: FloatArray, projection: FloatArray, present: BoolArray | None
    ) -> ModalityEmbeddings:
        mean = np.asarray(inputs @ projection, dtype=np.float32)
        logits = mean @ self.classifier.weight.T + self.classifier.bias
        if self.multilabel:
            probabilities = 1 / (1 + np.exp(-logits))
        else:
            exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
            probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
        return ModalityEmbeddings(
            mean, None, probabilities.astype(np.float32) if self.fitted else None, present
        )


class LightFactory(Component):
    """Makes light models."""

    def build(self, pool: Pool, device: str) -> Model:
        assert pool.dims is not None
        return LightModel(pool.dims, len(pool.class_names), pool.multilabel)


class LightTrainer(Component):
    """Calls the model's own fit."""

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        model.fit(pool, seed)


class LightMargin(Component):
    """A strategy that depends on the model: the smallest margins first."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        probabilities = context.embeddings.unified_probabilities()[context.candidates]
        ordered = np.sort(probabilities, axis=1)
        order = np.argsort(ordered[:, -1] - ordered[:, -2], kind="stable")
        return context.candidates[order[:n]]


class Watching:
    """Picks the first candidates and keeps what it was shown."""

    needs_embeddings = True

    def __init__(self) -> None:
        self.seen: list[RoundContext] = []

    def select(self, context: RoundContext, n: int) -> IntArray:
        self.seen.append(context)
        return context.candidates[:n]


PARTS: dict[str, Any] = {
    "strategy": LightMargin(),
    "trainer": LightTrainer(),
    "model": LightFactory(),
}
"""What `Campaign.create` and `Campaign.open` take for a campaign without torch."""
