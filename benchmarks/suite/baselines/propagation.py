"""Label propagation on input features, as soft targets of a training."""

from __future__ import annotations

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from acqkit.embeddings import FloatArray
from acqkit.errors import PoolError
from acqkit.interfaces import Model, Pool
from acqkit.models import (
    PairNetwork,
    Step,
    TrainingData,
    belief_classification_of,
    standardize_for,
    train,
)
from acqkit.neighbors import unit
from suite.baselines.graph import neighbor_graph, propagated
from suite.baselines.unlabeled import (
    SemiSupervised,
    SemiSupervisedObjective,
)


class LabelPropagation(SemiSupervised):
    """Labels spread over a k-NN graph before the training are soft targets in it.

    The graph is one of both modalities' features beside each other, each standardized and of
    unit length. Targets count by their certainty.
    """

    neighbors: int = Field(10, ge=1, description="neighbors of a pair in the graph")
    alpha: float = Field(0.9, gt=0, lt=1, description="share of the neighbors in a pair's label")

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        """Train from scratch; raises PoolError for raw items, ConfigError for other models."""
        train(model, pool, _LabelPropagation(self), self, seed)


class _LabelPropagation(SemiSupervisedObjective):
    def __init__(self, trainer: LabelPropagation) -> None:
        super().__init__(trainer)
        self.trainer = trainer

    def start(self, network: PairNetwork, data: TrainingData, steps: int) -> None:
        if not len(data.labeled):
            return
        trainer = self.trainer
        graph = neighbor_graph(joined_features(data.pool), trainer.neighbors)
        labels = data.labels.cpu().numpy().astype(np.float64)
        p, certainty = propagated(
            graph, labels, data.known, trainer.alpha, multilabel=network.multilabel
        )
        self.p, self.certainty = (torch.from_numpy(x).to(data.device) for x in (p, certainty))

    def unlabeled(self, step: Step) -> Tensor:
        rows = torch.from_numpy(step.sample.positions).to(self.p.device)
        weights = self.certainty[rows] * step.unlabeled[:, None]
        return belief_classification_of(
            step.sample, self.p[rows], weights, multilabel=step.network.multilabel
        )


def joined_features(pool: Pool) -> FloatArray:
    """Both modalities of all pairs side by side, `[n, da + db]`; an absent one is zeros.

    Raises PoolError for a pool of raw items.
    """
    if pool.dims is None:
        raise PoolError(
            f"pool {pool.name!r} yields raw items, and label propagation needs features; compute "
            "features first"
        )
    batch = pool.batch(np.arange(len(pool)))
    masks = [
        np.ones(len(pool), bool) if m is None else m for m in (batch.present_a, batch.present_b)
    ]
    sides = []
    for part, inputs, present in zip(standardize_for(pool), (batch.a, batch.b), masks, strict=True):
        rows: FloatArray = part(torch.from_numpy(np.ascontiguousarray(inputs))).numpy()
        sides.append(np.where(present[:, None], rows, 0).astype(np.float32))
    return unit(np.concatenate([unit(side) for side in sides], axis=1).astype(np.float32))
