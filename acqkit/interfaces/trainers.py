"""How a model is updated between rounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from acqkit.embeddings import FloatArray
from acqkit.interfaces.models import Model
from acqkit.interfaces.pools import Pool


@runtime_checkable
class Trainer(Protocol):
    """How a model is updated between rounds."""

    def fit(self, model: Model, pool: Pool, seed: int) -> Mapping[str, Any] | None:
        """Train `model` on the labels known so far; the same seed gives the same model.

        Returns nothing, or what people may want to know of the training, which must be JSON:
        `Campaign.trained().record`, and in `results.json` each round's `training`.
        """
        ...


@runtime_checkable
class TrainingEngine(Protocol):
    """An engine that trainings run on, too."""

    def train(
        self, trainer: Trainer, model: Model, pool: Pool, seed: int
    ) -> Mapping[str, Any] | None:
        """What `trainer.fit(model, pool, seed)` does and returns, wherever it runs.

        Raises ConfigError for a trainer or model with which that cannot be done elsewhere.
        """
        ...


@runtime_checkable
class SelectiveTrainer(Protocol):
    """A trainer that cannot train every model."""

    def check_model(self, model: Model) -> None:
        """Raise ConfigError, in one sentence, for a model that `fit` could not train."""
        ...


@runtime_checkable
class BelievingTrainer(Protocol):
    """A trainer that predicts labels of all pairs by other means than its model's classifier."""

    def pool_beliefs(self, model: Model, pool: Pool) -> FloatArray | None:
        """Class probabilities `[n, c]` of all pairs after `fit`; None before the first label."""
        ...


@runtime_checkable
class TransferTrainer(Protocol):
    """A trainer that can also learn from a fitted model: what may follow a `+`."""

    def fit_from(
        self, source: Model, model: Model, pool: Pool, seed: int, beliefs: FloatArray | None
    ) -> Mapping[str, Any] | None:
        """Train `model` from scratch on the labels known so far and on what `source` knows.

        `source`, which may be of another kind or width, is not changed. beliefs `[n, c]`: class
        probabilities from the trainer of `source`, if it has some. Returns as `Trainer.fit` does.
        """
        ...
