"""Consistency: what is confident without noise must hold with features dropped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from acqkit.embeddings import FloatArray
from acqkit.interfaces import Model, PairBatch, Pool
from acqkit.models import (
    Outputs,
    PairNetwork,
    Step,
    TrainingData,
    belief_classification_of,
    standardize_for,
    train,
)
from suite.baselines.pseudo import Confident
from suite.baselines.unlabeled import SemiSupervisedObjective, mixture


class FixMatch(Confident):
    """Hard labels from a weak view, learned on a strong view of the same unlabeled pairs.

    Weak: no dropout at all; ½(pᵃ + pᵇ), and thresholds as in plain pseudo-labeling. Strong:
    a share of the features replaced by their mean, beside the network's own dropout, which is
    all that there is for pools of raw items.

    Source: Sohn et al. 2020, "FixMatch", section 2.2, with feature dropout as augmentation.
    """

    feature_dropout: float = Field(
        0.4, ge=0, lt=1, description="share of the features replaced in the strong view"
    )

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        """Train from scratch; raises ConfigError for a model that is no torch network."""
        train(model, pool, _FixMatch(self), self, seed)


class _FixMatch(SemiSupervisedObjective):
    def __init__(self, trainer: FixMatch) -> None:
        super().__init__(trainer)
        self.trainer = trainer
        self.means: tuple[Tensor, Tensor] | None = None

    def start(self, network: PairNetwork, data: TrainingData, steps: int) -> None:
        if data.pool.dims is not None:
            a, b = (part.center.to(data.device) for part in standardize_for(data.pool))
            self.means = (a, b)

    def unlabeled(self, step: Step) -> Tensor:
        network = step.network
        chosen = step.unlabeled.cpu().numpy()
        positions = step.sample.positions[chosen]
        if len(positions) == 0:
            return step.sample.logits[0].sum() * 0
        batch = step.data.batch(positions)
        network.eval()
        with torch.no_grad():
            p = mixture(network, network(batch))
        network.train()
        targets, weights = self.trainer.hard_labels(p, multilabel=network.multilabel)
        strong = self._strong_view(network, batch)
        loss = belief_classification_of(strong, targets, weights, multilabel=network.multilabel)
        return loss * (len(positions) / len(chosen))

    def _strong_view(self, network: PairNetwork, batch: PairBatch) -> Outputs:
        if self.means is not None:
            mean_a, mean_b = self.means
            a, b = self._dropped(batch.a, mean_a), self._dropped(batch.b, mean_b)
            batch = replace(batch, a=a, b=b)
        strong: Outputs = network(batch)
        return strong

    def _dropped(self, features: Tensor | FloatArray, mean: Tensor) -> Tensor:
        """Features `[k, width]`, some of them at their mean; drawn from torch's seeded stream."""
        if isinstance(features, np.ndarray):
            features = torch.from_numpy(features)
        features = features.to(mean)
        kept = torch.rand_like(features) >= self.trainer.feature_dropout
        return torch.where(kept, features, mean)
