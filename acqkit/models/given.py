"""Trainers that leave learning to the model: by its own `fit`, or not at all."""

from __future__ import annotations

from typing import ClassVar

from acqkit.errors import ConfigError
from acqkit.interfaces import Component, Model, Pool
from acqkit.models.torch_pair import TorchPairModel


class Frozen(Component):
    """No training: embeddings as they are, for a model that has learned already.

    The model stays as its factory built it, so any model will do, also one that cannot be trained.
    Labels change no embedding: the pool is embedded once, and again only when it grows. Class
    probabilities are those that the model brings along; with none, strategies that need a
    classifier say so. `frozen+embedding-transfer` teaches a fresh model what this one knows.
    """

    learns: ClassVar[bool] = False

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        """Leave `model` as it is."""


class OwnFit(Component):
    """Training by the model's own `fit`: what any model without another trainer gets.

    How a model learns that is no torch network of acqkit, such as `sklearn` or one of your own.
    The fit of a `TorchPairModel` is the trainer `supervised`, unless its class has another.
    """

    def check_model(self, model: Model) -> None:
        """Raise ConfigError for a model whose own fit is nothing but another trainer."""
        if getattr(type(model), "fit", None) is TorchPairModel.fit:
            raise ConfigError(
                f"own-fit trains models by a fit of their own, and {type(model).__name__} has none "
                "but the trainer supervised; leave the trainer out, or ask for that one"
            )

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        """`model.fit(pool, seed)`; raises ConfigError as `check_model` does."""
        self.check_model(model)
        model.fit(pool, seed)
