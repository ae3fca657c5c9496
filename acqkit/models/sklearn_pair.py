"""`SklearnPairModel`: any two scikit-learn classifiers as a model of pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, normalize

from acqkit.embeddings import BoolArray, FloatArray, IntArray, ModalityEmbeddings, PairEmbeddings
from acqkit.errors import ConfigError, EmbeddingError, PoolError
from acqkit.interfaces import Component, ModelState, PairBatch, Pool
from acqkit.models.cca import Projection, fit_cca
from acqkit.models.data import blocks_of
from acqkit.models.sklearn_state import Arrays, fitted_arrays, with_fitted_arrays

SEED_LIMIT = 2**32


class SklearnPairModel:
    """Two classifiers with `predict_proba`, one per modality, on features (else ConfigError).

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
        for classifier in (classifier_a, classifier_b):
            _check_classifier(classifier)
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
            sides.append(_Probabilities.fit(fresh, features[rows], labels[rows], pool.multilabel))
        self._trained = (sides[0], sides[1])

    def state(self) -> ModelState | None:
        """Projections and what the classifiers learned; None where that is not all arrays."""
        arrays: dict[str, NDArray[Any]] = {}
        for name, projection in zip("ab", self._projections or (), strict=False):
            arrays |= {f"{name}.center": projection.center, f"{name}.weight": projection.weight}
        for name, trained in zip("ab", self._trained or (), strict=False):
            learned = trained.arrays()
            if learned is None:
                return None
            arrays |= {f"{name}.classes.{key}": values for key, values in learned.items()}
        data = {
            "classifiers": [_said(classifier) for classifier in self._untrained],
            "components": self._components,
            "semantic_weight": self._semantic_weight,
            "multilabel": self._multilabel,
        }
        return ModelState(arrays, data)

    def load_state(self, state: ModelState) -> None:
        """See `StatefulModel.load_state`; raises EmbeddingError for that of other classifiers."""
        if state.data.get("classifiers") != [_said(classifier) for classifier in self._untrained]:
            raise EmbeddingError(
                "the state is of other classifiers, or of some with other parameters, than "
                f"{list(self._untrained)}; make the model of the same ones"
            )
        self._multilabel = bool(state.data["multilabel"])
        a, b = (_under(f"{name}.", state.arrays) for name in "ab")
        fitted = "center" in a
        self._projections = (_projection(a), _projection(b)) if fitted else None
        sides = []
        for untrained, arrays in zip(self._untrained, (a, b), strict=True):
            learned = _under("classes.", arrays)
            if learned:
                sides.append(_Probabilities.of_arrays(untrained, learned, self._multilabel))
        self._trained = (sides[0], sides[1]) if sides else None

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
        self, constant: FloatArray, seen: IntArray, parts: list[Any], multilabel: bool
    ) -> None:
        self._constant = constant
        self._seen = seen
        self._parts = parts
        self._multilabel = multilabel

    @classmethod
    def fit(
        cls, fresh: Any, features: FloatArray, labels: NDArray[np.uint8], multilabel: bool
    ) -> _Probabilities:
        """Train copies of the classifier `fresh` on rows of 0 and 1 `[k, c]`."""
        c = labels.shape[1]
        # No labeled pair has this modality: nothing is known, which is even odds.
        frequency = labels.mean(axis=0) if len(labels) else np.full(c, 0.5 if multilabel else 1 / c)
        seen = np.flatnonzero((frequency > 0) & (frequency < 1)) if len(labels) else np.arange(0)
        parts: list[Any] = []
        if len(seen) and multilabel:
            parts = [clone(fresh).fit(features, labels[:, c]) for c in seen]
        elif len(seen):
            parts = [clone(fresh).fit(features, labels.argmax(axis=1))]
        return cls(frequency.astype(np.float32), seen, parts, multilabel)

    def arrays(self) -> Arrays | None:
        """All of it by name; None where a classifier is not all arrays."""
        found: Arrays = {"constant": self._constant, "seen": self._seen}
        for number, part in enumerate(self._parts):
            learned = fitted_arrays(part)
            if learned is None:
                return None
            found |= {f"{number}.{name}": values for name, values in learned.items()}
        return found

    @classmethod
    def of_arrays(
        cls, untrained: Any, arrays: Mapping[str, NDArray[Any]], multilabel: bool
    ) -> _Probabilities:
        """What `arrays` gave, with copies of the classifier `untrained`."""
        seen = arrays["seen"]
        count = len(seen) if multilabel else min(len(seen), 1)
        parts = [with_fitted_arrays(untrained, _under(f"{i}.", arrays)) for i in range(count)]
        return cls(arrays["constant"], seen, parts, multilabel)

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


def _check_classifier(classifier: Any) -> None:
    """Raise ConfigError for what is no scikit-learn classifier with probabilities."""
    methods = ("fit", "get_params", "predict_proba")
    missing = [name for name in methods if not callable(getattr(classifier, name, None))]
    if isinstance(classifier, type):
        raise ConfigError(f"{classifier.__name__} is a class; pass an instance of it")
    if missing:
        raise ConfigError(
            f"{type(classifier).__name__} has no {missing[0]}, wanted a scikit-learn classifier "
            "with predict_proba; CalibratedClassifierCV makes one of those without"
        )


def _said(classifier: Any) -> str:
    """Class and all parameters; a repr would leave some out."""
    return f"{type(classifier).__module__}.{type(classifier).__qualname__}{classifier.get_params()}"


def _under(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    return {key[len(prefix) :]: arrays[key] for key in arrays if key.startswith(prefix)}


def _projection(arrays: Mapping[str, NDArray[Any]]) -> Projection:
    return Projection(arrays["center"], arrays["weight"])


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
