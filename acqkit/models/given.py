"""Trainers that leave learning to the model: by its own `fit`, or not at all."""

from __future__ import annotations

from typing import ClassVar

from acqkit.interfaces import Component, Model, Pool


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
