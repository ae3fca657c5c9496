"""scikit-activeml: query strategies over (X, y) with classifiers that have predicted already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from skactiveml.base import SkactivemlClassifier
from skactiveml.pool import (
    Badge,
    BatchBALD,
    CoreSet,
    DropQuery,
    GreedyBALD,
    MaxHerding,
    ProbCover,
    QueryByCommittee,
    TypiClust,
    UncertaintySampling,
)

from acqkit.embeddings import FloatArray, IntArray
from acqkit.neighbors import unit
from suite.speed.scene import Scene

LABEL_SETS = 1_024
"""Sets of labels that BatchBALD averages over: as many as ours."""


class Predicted(SkactivemlClassifier):  # type: ignore[misc] # the package has no types
    """A fitted classifier whose predictions for the unlabeled pairs are there."""

    def __init__(self, probabilities: FloatArray | None = None, classes: Any = None) -> None:
        super().__init__(classes=classes)
        self.probabilities = probabilities

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Predicted:
        """Nothing to learn."""
        return self

    def predict_proba(self, X: Any, **_: Any) -> FloatArray:
        """What was predicted, whatever the rows."""
        assert self.probabilities is not None
        return self.probabilities

    def predict(self, X: Any, **_: Any) -> IntArray:
        """The likeliest class, whatever the rows."""
        return np.asarray(self.predict_proba(X).argmax(axis=1))


class Linear(SkactivemlClassifier):  # type: ignore[misc] # the package has no types
    """The scene's linear classifier of embeddings."""

    def __init__(self, weight: FloatArray | None = None, classes: Any = None) -> None:
        super().__init__(classes=classes)
        self.weight = weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Linear:
        """Nothing to learn."""
        return self

    def predict_proba(self, X: Any, **_: Any) -> FloatArray:
        """Never asked for."""
        raise AssertionError("predictions are enough")

    def predict(self, X: Any, **_: Any) -> IntArray:
        """The class of the largest logit."""
        assert self.weight is not None
        return np.asarray((X @ self.weight.T).argmax(axis=1))


def _labels(scene: Scene) -> FloatArray:
    return np.where(scene.labels < 0, np.nan, scene.labels)


def _rows_only(scene: Scene) -> FloatArray:
    """As little as the package takes for X, where only predictions matter."""
    return np.zeros((len(scene.labels), 1), dtype=np.float32)


def _classifier(scene: Scene, probabilities: FloatArray) -> Predicted:
    classes = np.arange(probabilities.shape[1])
    model = Predicted(np.ascontiguousarray(probabilities[scene.unlabeled]), classes)
    model.classes_ = classes
    return model


def _over_embeddings(make: Callable[[Scene], Any], normalized: bool = False) -> Any:
    def prepare(scene: Scene, batch: int) -> Callable[[], IntArray]:
        strategy, y = make(scene), _labels(scene)
        x = unit(scene.mean) if normalized else scene.mean
        return lambda: np.asarray(strategy.query(x, y, batch_size=batch))

    return prepare


def _uncertainty(method: str) -> Any:
    def prepare(scene: Scene, batch: int) -> Callable[[], IntArray]:
        strategy, x, y = (
            UncertaintySampling(method, random_state=0),
            _rows_only(scene),
            _labels(scene),
        )
        model = _classifier(scene, scene.probabilities)
        return lambda: np.asarray(strategy.query(x, y, model, fit_clf=False, batch_size=batch))

    return prepare


def _badge(scene: Scene, batch: int) -> Callable[[], IntArray]:
    strategy, y = Badge(random_state=0), _labels(scene)
    model = _classifier(scene, scene.probabilities)
    return lambda: np.asarray(strategy.query(scene.mean, y, model, fit_clf=False, batch_size=batch))


def _committee(make: Callable[[], Any]) -> Any:
    def prepare(scene: Scene, batch: int) -> Callable[[], IntArray]:
        strategy, x, y = make(), _rows_only(scene), _labels(scene)
        models = [_classifier(scene, sample) for sample in scene.samples]
        return lambda: np.asarray(
            strategy.query(x, y, models, fit_ensemble=False, batch_size=batch)
        )

    return prepare


def drop_query(strategy: Any, scene: Scene, batch: int) -> IntArray:
    """What a DropQuery picks."""
    classes = np.arange(len(scene.classifier.weight))
    model = Linear(scene.classifier.weight, classes)
    model.classes_ = classes
    x, y = np.asarray(scene.mean), _labels(scene)
    return np.asarray(strategy.query(x, y, model, fit_clf=False, batch_size=batch))


def _drop_query(scene: Scene, batch: int) -> Callable[[], IntArray]:
    strategy = DropQuery(n_dropout_samples=3, random_state=0)
    return lambda: drop_query(strategy, scene, batch)


PREPARE = {
    "k-center": _over_embeddings(lambda _: CoreSet(random_state=0)),
    "badge": _badge,
    "margin": _uncertainty("margin_sampling"),
    "entropy": _uncertainty("entropy"),
    "least confidence": _uncertainty("least_confident"),
    "bald": _committee(lambda: GreedyBALD(random_state=0)),
    "qbc": _committee(lambda: QueryByCommittee("vote_entropy", random_state=0)),
    "batch-bald": _committee(lambda: BatchBALD(n_MC_samples=LABEL_SETS, random_state=0)),
    "drop-query": _drop_query,
    "typiclust": _over_embeddings(lambda _: TypiClust(random_state=0), normalized=True),
    "probcover": _over_embeddings(
        lambda scene: ProbCover(deltas=[scene.radius], random_state=0), normalized=True
    ),
    # The kernel of ours at its radius of 1; the package's own has another width.
    "max-herding": _over_embeddings(
        lambda _: MaxHerding(metric_dict={"gamma": 1.0}, random_state=0), normalized=True
    ),
    "coverage": _over_embeddings(lambda _: MaxHerding(random_state=0), normalized=True),
}
