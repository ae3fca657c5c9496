"""A strategy of acqkit's or of a plugin's, ready to select from a scene."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

import acqkit
from acqkit.components.resolve import resolve
from acqkit.components.spec import StrategySpec
from acqkit.embeddings import FloatArray, IntArray, ModalityEmbeddings, PairEmbeddings
from acqkit.interfaces import Model, PairBatch, Pool, RoundContext, Strategy
from acqkit.labels import LabelState
from acqkit.pool import PairPool
from acqkit.pool.features import ArrayFeatures
from acqkit.selection import select
from acqkit.strategies import Bald, BatchBald, Qbc
from suite.speed.scene import Scene


@dataclass(frozen=True, eq=False)
class SampledModel:
    """A fitted model whose stochastic predictions for the unlabeled pairs are there already.

    samples `[passes, u, c]` of the pairs at unlabeled `[u]`.
    """

    samples: FloatArray
    unlabeled: IntArray

    def fit(self, pool: Pool, seed: int) -> None:
        """Nothing to learn."""

    def embed(self, batch: PairBatch) -> PairEmbeddings:
        """Never asked for: the context holds the embeddings."""
        raise AssertionError("selection does not embed")

    def sample_probabilities(self, batch: PairBatch, n_samples: int, seed: int) -> FloatArray:
        """The predictions of the first passes; of consecutive unlabeled pairs copied nowhere."""
        rows = np.searchsorted(self.unlabeled, batch.positions)
        consecutive = slice(int(rows[0]), int(rows[0]) + len(rows))
        if np.array_equal(self.unlabeled[consecutive], batch.positions):
            return self.samples[:n_samples, consecutive]
        return self.samples[:n_samples, rows]


def sampled_model(scene: Scene) -> SampledModel:
    """The model that a committee is drawn from."""
    unlabeled = scene.unlabeled
    return SampledModel(np.ascontiguousarray(scene.samples[:, unlabeled]), unlabeled)


def context_of(scene: Scene, model: Model | None = None) -> RoundContext:
    """The scene as a round sees it: both modalities are the same, so that unified means are x.

    Peers get one array; ours still reads and unifies two, as it must for real pairs.
    """
    n, classes = scene.probabilities.shape
    known = LabelState.empty(n, classes).with_answers(
        scene.labeled, np.eye(classes, dtype=np.uint8)[scene.labels[scene.labeled]], 0
    )
    features = ArrayFeatures(np.zeros((n, 1), dtype=np.float32))  # the model's, which has them
    pool = PairPool(
        features=(features, features),
        class_names=tuple(f"class{c}" for c in range(classes)),
        name="speed",
        modalities=("image", "text"),
        multilabel=False,
        known=known,
    )
    side = ModalityEmbeddings(scene.mean, scene.variance, scene.probabilities)
    embeddings = PairEmbeddings(side, side, np.arange(n), False, scene.classifier)
    return RoundContext(1, 0, pool, embeddings, pool.labels.unlabeled, model)


def ours(spec: dict[str, Any], scene: Scene, batch: int) -> tuple[Callable[[], IntArray], str]:
    """The selection of a strategy given as in a configuration, and acqkit's version."""
    strategy = make_strategy(StrategySpec.model_validate(spec), scene.radius)
    asks_model = isinstance(getattr(strategy, "scorer", strategy), Bald | BatchBald | Qbc)
    context = context_of(scene, sampled_model(scene) if asks_model else None)
    return (lambda: select(strategy, context, batch).positions), acqkit.__version__


def make_strategy(spec: StrategySpec, radius: float) -> Strategy:
    """The strategy; the parameter value "radius" stands for that of the scene.

    Raises AcqkitError where no such strategy is installed.
    """

    parts = {
        kind: {
            "name": part.name,
            "params": {k: radius if v == "radius" else v for k, v in part.params.items()},
        }
        for kind, part in spec.parts.items()
    }
    return cast(Strategy, resolve("strategy", parts).component)
