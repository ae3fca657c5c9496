"""Plain pseudo-labeling: confident predictions of the model itself are taken for labels."""

from __future__ import annotations

from typing import Self

import torch
from pydantic import Field, model_validator
from torch import Tensor

from acqkit.interfaces import Model, Pool
from acqkit.models import Step, belief_classification_of, train
from suite.baselines.unlabeled import (
    SemiSupervised,
    SemiSupervisedObjective,
    mixture,
)


class Confident(SemiSupervised):
    """A trainer that makes hard labels of confident predictions."""

    threshold: float = Field(0.9, gt=0, le=1, description="probability from which a class is taken")
    absent: float = Field(
        0.02, ge=0, lt=1, description="multi-label: probability up to which a class is ruled out"
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.absent >= self.threshold:
            raise ValueError(f"absent must be below threshold, got {self.absent}")
        return self

    def hard_labels(self, p: Tensor, *, multilabel: bool) -> tuple[Tensor, Tensor]:
        """Targets `[k, c]` of 0 and 1, and weights: `[k, 1]`, or `[k, c]` if multi-label."""
        if multilabel:
            certain = (p >= self.threshold) | (p <= self.absent)
            return (p >= self.threshold).to(p), certain.to(p)
        best, chosen = p.max(dim=1, keepdim=True)
        return torch.zeros_like(p).scatter_(1, chosen, 1.0), (best >= self.threshold).to(p)


class PseudoLabels(Confident):
    """Unlabeled pairs whose class probabilities ½(pᵃ + pᵇ) are high enough get that label.

    The probabilities are those of the very pass that is trained on. Multi-label: class by
    class, taken from an upper threshold on and ruled out up to a lower one.

    Source: Lee 2013, "Pseudo-label", with a threshold.
    """

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        """Train from scratch; raises ConfigError for a model that is no torch network."""
        train(model, pool, _PseudoLabels(self), self, seed)


class _PseudoLabels(SemiSupervisedObjective):
    def __init__(self, trainer: PseudoLabels) -> None:
        super().__init__(trainer)
        self.trainer = trainer

    def unlabeled(self, step: Step) -> Tensor:
        network = step.network
        with torch.no_grad():
            p = mixture(network, step.sample)
            targets, weights = self.trainer.hard_labels(p, multilabel=network.multilabel)
            weights = weights * step.unlabeled[:, None]
        return belief_classification_of(
            step.sample, targets, weights, multilabel=network.multilabel
        )
