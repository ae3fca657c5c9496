"""The default model on features: a small MLP per modality into one space."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import nn

from acqkit.errors import PoolError
from acqkit.interfaces import Component, Pool
from acqkit.models.dropout import ByteDropout
from acqkit.models.seeding import seeded
from acqkit.models.standardize import Standardize, standardize_for
from acqkit.models.torch_pair import TorchPairModel


class TwoTower(Component):
    """A two-tower MLP on features, standardized with the statistics of the pool it is built for.

    Per modality: input dropout, one hidden layer (ReLU, dropout), a linear layer into the
    common space. `semantic_weight` is explained at `PairNetwork`.
    """

    hidden: int = Field(256, ge=1, description="width of the hidden layer of each tower")
    dim: int = Field(64, ge=1, description="width of the common space, class block apart")
    dropout: float = Field(0.3, ge=0, lt=1, description="dropout of the hidden layer")
    input_dropout: float = Field(0.25, ge=0, lt=1, description="dropout of the features")
    semantic_weight: float = Field(
        2.0, ge=0, description="weight of class probabilities within the embedding; 0: left out"
    )

    def build(self, pool: Pool, device: str) -> TorchPairModel:
        """An untrained model for `pool` (its train part: feature statistics are taken from it).

        Raises PoolError for a pool of raw items.
        """
        if pool.dims is None:
            raise PoolError(
                f"pool {pool.name!r} yields raw items, and a two-tower MLP needs features; "
                "compute features first, or wrap own encoders with TorchPairModel and collate"
            )
        # Layers draw parameters when they are made: not from the global generator.
        with seeded(0, torch.device("cpu")):
            a, b = (self._tower(part) for part in standardize_for(pool))
        model = TorchPairModel(
            a,
            b,
            dim=self.dim,
            n_classes=len(pool.class_names),
            multilabel=pool.multilabel,
            device=device,
            initialize=reset_parameters,
            semantic_weight=self.semantic_weight,
        )
        model.reset(0)
        return model

    def _tower(self, standardize: Standardize) -> nn.Module:
        return nn.Sequential(
            standardize,
            ByteDropout(self.input_dropout),
            nn.Linear(len(standardize.center), self.hidden),
            nn.ReLU(),
            ByteDropout(self.dropout),
            nn.Linear(self.hidden, self.dim),
        )


def reset_parameters(module: nn.Module) -> None:
    """Draw fresh parameters in every part that knows how; for modules trained from scratch."""
    for part in module.modules():
        reset = getattr(part, "reset_parameters", None)
        if callable(reset):
            reset()
