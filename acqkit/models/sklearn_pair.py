"""`SklearnPairModel`: any two scikit-learn classifiers as a model of pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, normalize

from acqkit.embeddings import BoolArray, FloatArray, ModalityEmbeddings, PairEmbeddings
from acqkit.errors import EmbeddingError, PoolError
from acqkit.interfaces import Component, PairBatch, Pool
from acqkit.models.cca import Projection, fit_cca
from acqkit.models.data import blocks_of

SEED_LIMIT = 2**32


class SklearnPairModel:
    """Two classifiers with `predict_proba`, one per modality, on features.

    The common space is that of CCA on unit length, which needs no label, and with labels
    the class probabilities times `semantic_weight` beside it, as in `PairNetwork`
    (semantic correlation matching, Rasiwasia et al. 2010). Multi-label pools get one copy
    of the classifier per class. Classes that no label shows, and classes that every
    labeled pair has, are predicted with the frequency seen: 0 or 1.
    """

    def __init__(
        self,
        classifier_a: Any,
        classifier_b: Any,
        *,
        components: int = 16,
        semantic_weight: float = 2.0,
    ) -> None:
        self._untrained = (classifier_a, classifier_b)
        self._components = components
        self._semantic_weight = semantic_weight
        self._multilabel = False
        self._trained: tuple[_Probabilities, _Probabilities] | None = None
        self._projections: tuple[Projection, Projection] | None = None

    def fit(self, pool: Pool, seed: int) -> None:
        """Learn from scratch; raises PoolError for a pool of raw items."""
        if pool.dims is None:
            raise PoolError(
                f"pool {pool.name!r} yields raw items, and scikit-learn classifiers need "
                "features; compute features first"
            )
        self._multilabel = pool.multilabel
        self._trained = None
        self._projections = fit_cca(*_paired_features(pool), self._components)
        labeled = pool.labels.labeled
        if len(labeled) == 0:
            return
        # In an order of ids, so that solvers do not depend on how the pool is sorted.
        labeled = labeled[np.argsort(pool.id_keys()[labeled], kind="stable")]
        batch, labels = pool.batch(labeled), pool.labels.matrix[labeled]
        sides = []
        for untrained, features, present in zip(
            self._untrained,
            (batch.a, batch.b),
            (batch.present_a, batch.present_b),
            strict=True,
        ):
            rows = slice(None) if present is None else present
            fresh = _seeded(untrained, seed)
            sides.append(_Probabilities(fresh, features[rows], labels[rows], pool.multilabel))
        self._trained = (sides[0], sides[1])

    def embed(self, batch: PairBatch) -> PairEmbeddings:
        """Embed `k` pairs: means `[k, d]`, probabilities `[k, c]` once there are labels.

        Raises EmbeddingError before `fit`, or for features of another width.
        """
        if self._projections is None:
            raise EmbeddingError("the model has not been trained; call fit(pool, seed) first")
        sides = (
            self._side(0, batch.a, batch.present_a),
            self._side(1, batch.b, batch.present_b),
        )
        return PairEmbeddings(*sides, batch.positions, self._multilabel)

    def _side(
        self, side: int, features: FloatArray, present: BoolArray | None
    ) -> ModalityEmbeddings:
        assert self._projections is not None  # embed has checked it
        projection = self._projections[side]
        if np.ndim(features) != 2 or features.shape[1] != len(projection.center):
            raise EmbeddingError(
                f"modality {'ab'[side]} has features of shape {np.shape(features)}, but the model "
                f"was trained on a width of {len(projection.center)}"
            )
        mean = normalize(projection.apply(features))
        if self._trained is None:
            return ModalityEmbeddings(mean, present=present)
        probabilities = self._trained[side].predict(features)
        mean = np.hstack([mean, np.float32(self._semantic_weight) * probabilities])
        return ModalityEmbeddings(mean, None, probabilities, present)


class _Probabilities:
    """A classifier's probabilities `[k, c]` for all classes, seen or not."""

    def __init__(
        self, fresh: Any, features: FloatArray, labels: NDArray[np.uint8], multilabel: bool
    ) -> None:
        c = labels.shape[1]
        # No labeled pair has this modality: nothing is known, which is even odds.
        frequency = labels.mean(axis=0) if len(labels) else np.full(c, 0.5 if multilabel else 1 / c)
        self._constant = frequency.astype(np.float32)
        self._seen = np.flatnonzero((frequency > 0) & (frequency < 1))
        self._multilabel = multilabel
        self._parts: list[Any] = []
        if len(labels) == 0:
            self._seen = self._seen[:0]
        if len(self._seen) == 0:
            return
        if multilabel:
            self._parts = [clone(fresh).fit(features, labels[:, c]) for c in self._seen]
        else:
            self._parts = [clone(fresh).fit(features, labels.argmax(axis=1))]

    def predict(self, features: FloatArray) -> FloatArray:
        result = np.tile(self._constant, (len(features), 1))
        if len(features) == 0:
            return result
        if self._multilabel:
            for c, part in zip(self._seen, self._parts, strict=True):
                result[:, c] = part.predict_proba(features)[:, 1]
        elif self._parts:
            result[:, self._seen] = self._parts[0].predict_proba(features)
        return result


def _seeded(classifier: Any, seed: int) -> Any:
    """An untrained copy whose every `random_state` is set, so that none is global."""
    fresh = clone(classifier)
    states = [key for key in fresh.get_params() if key.split("__")[-1] == "random_state"]
    return fresh.set_params(**dict.fromkeys(states, seed % SEED_LIMIT))


def _paired_features(pool: Pool) -> tuple[FloatArray, FloatArray]:
    """Features of the pairs that have both modalities."""
    sides: tuple[list[FloatArray], list[FloatArray]] = ([], [])
    for block in blocks_of(pool):
        both = np.ones(len(block), dtype=bool)
        for mask in (block.present_a, block.present_b):
            if mask is not None:
                both &= mask
        sides[0].append(block.a[both])
        sides[1].append(block.b[both])
    a, b = (np.concatenate(parts) for parts in sides)
    return a, b


class LogisticPair(Component):
    """Two logistic regressions on standardized features: the quickest model there is."""

    regularization: float = Field(
        0.1, gt=0, description="inverse strength C of the L2 penalty; smaller is stronger"
    )
    max_iterations: int = Field(200, ge=1, description="iterations of the solver at most")
    components: int = Field(16, ge=1, description="width of the CCA space used without labels")

    def build(self, pool: Pool, device: str) -> SklearnPairModel:
        """An untrained model; it runs on the CPU whatever `device` says."""
        classifier = make_pipeline(
            StandardScaler(),
            LogisticRegression(C=self.regularization, max_iter=self.max_iterations),
        )
        return SklearnPairModel(classifier, classifier, components=self.components)
