"""A model that costs nothing, for strategies that ask their context for one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from acqkit.embeddings import (
    BoolArray,
    Float64Array,
    FloatArray,
    LinearClassifier,
    ModalityEmbeddings,
    PairEmbeddings,
)
from acqkit.interfaces import PairBatch, Pool


@dataclass(frozen=True, eq=False)
class LinearPairModel:
    """Fixed random linear maps into a common space with a linear classifier; learns nothing.

    projections: two matrices `[d_m, d]`; variances are a smooth function of the mean. It
    draws stochastic predictions (`SamplingModel`) by dropping dimensions of the common
    space, the same ones for every pair and both modalities of one pass.
    """

    projections: tuple[Float64Array, Float64Array]
    classifier: LinearClassifier
    multilabel: bool = False

    @classmethod
    def for_pool(cls, pool: Pool, dim: int = 5, seed: int = 0) -> LinearPairModel:
        """A model that fits the pool's feature widths and classes."""
        if pool.dims is None:
            raise ValueError("LinearPairModel needs a pool of features, not of raw pairs")
        rng = np.random.default_rng(seed)
        c = len(pool.class_names)
        a, b = (rng.standard_normal((width, dim)) / np.sqrt(width) for width in pool.dims)
        classifier = LinearClassifier(
            rng.standard_normal((c, dim)).astype(np.float32),
            rng.standard_normal(c).astype(np.float32),
        )
        return cls((a, b), classifier, pool.multilabel)

    def swapped(self) -> LinearPairModel:
        """The same model for the pool with its modalities exchanged."""
        return replace(self, projections=self.projections[::-1])

    def fit(self, pool: Pool, seed: int) -> None:
        """Nothing to learn."""

    def embed(self, batch: PairBatch) -> PairEmbeddings:
        """Means, variances and class probabilities of a block of pairs."""
        sides = []
        for mean, present in self._means(batch):
            sides.append(
                ModalityEmbeddings(
                    mean.astype(np.float32),
                    (0.1 + 0.9 * expit(mean)).astype(np.float32),
                    class_probabilities(self._logits(mean), self.multilabel),
                    present,
                )
            )
        a, b = sides
        return PairEmbeddings(a, b, batch.positions, self.multilabel, self.classifier)

    def classify(self, means: FloatArray) -> FloatArray:
        """Class probabilities `[k, c]` of points `[k, d]` of the common space."""
        return class_probabilities(self._logits(means.astype(np.float64)), self.multilabel)

    def sample_probabilities(self, batch: PairBatch, n_samples: int, seed: int) -> FloatArray:
        """Class probabilities `[n_samples, k, c]` of the pairs under dropout of 0.3."""
        rng = np.random.default_rng(seed)
        (a, present_a), (b, present_b) = self._means(batch)
        passes = []
        for _ in range(n_samples):
            kept = (rng.random(len(self.classifier.weight[0])) >= 0.3) / 0.7
            p_a, p_b = (
                class_probabilities(self._logits(mean * kept), self.multilabel) for mean in (a, b)
            )
            mixed = (p_a + p_b) / 2
            if present_a is not None:
                mixed[~present_a] = p_b[~present_a]
            if present_b is not None:
                mixed[~present_b] = p_a[~present_b]
            passes.append(mixed)
        return np.stack(passes)

    def _means(self, batch: PairBatch) -> list[tuple[Float64Array, BoolArray | None]]:
        # einsum adds in one order whatever the number of rows, unlike a BLAS product.
        return [
            (np.einsum("kd,de->ke", np.asarray(inputs, dtype=np.float64), projection), present)
            for inputs, projection, present in zip(
                (batch.a, batch.b),
                self.projections,
                (batch.present_a, batch.present_b),
                strict=True,
            )
        ]

    def _logits(self, mean: Float64Array) -> Float64Array:
        logits: Float64Array = np.einsum("kd,cd->kc", mean, self.classifier.weight)
        return logits + self.classifier.bias


def class_probabilities(logits: NDArray[np.floating], multilabel: bool) -> FloatArray:
    """Softmax rows, or independent sigmoids when multi-label, `[n, c]` float32."""
    if multilabel:
        return np.asarray(expit(logits), dtype=np.float32)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), dtype=np.float32)
