"""What the semi-supervised baselines share: targets for unlabeled pairs beside the labels."""

from __future__ import annotations

from abc import abstractmethod

import torch
from pydantic import Field
from torch import Tensor

from acqkit.models import (
    Objective,
    Outputs,
    PairNetwork,
    Step,
    Supervised,
    SupervisedObjective,
)


class SemiSupervised(Supervised):
    """The reference trainer's losses, and a classification loss on unlabeled pairs.

    That loss is left out in a first share of the steps and then ramped up along a line.
    """

    unlabeled_weight: float = Field(1.0, ge=0, description="weight of the loss on unlabeled pairs")
    warmup: float = Field(0.1, ge=0, lt=1, description="share of the steps without that loss")
    ramp: float = Field(0.3, ge=0, le=1, description="share of the steps in which it rises")

    def weight_at(self, progress: float) -> float:
        """Weight of the loss on unlabeled pairs after a share `progress` of the steps."""
        risen = (progress - self.warmup) / self.ramp if self.ramp else float(progress > self.warmup)
        return self.unlabeled_weight * min(max(risen, 0.0), 1.0)


class SemiSupervisedObjective(Objective):
    """The supervised loss of a trainer, plus `unlabeled` as the trainer weighs it."""

    def __init__(self, trainer: SemiSupervised) -> None:
        self.weight_at = trainer.weight_at
        self.supervised = supervised_part(trainer)

    def loss(self, step: Step) -> Tensor:
        """The weighted sum; labels alone count before the first label and in the warm-up."""
        total = self.supervised.loss(step)
        weight = self.weight_at(step.progress)
        if weight == 0 or step.labeled is None:
            return total
        return total + weight * self.unlabeled(step)

    @abstractmethod
    def unlabeled(self, step: Step) -> Tensor:
        """Classification loss of the unlabeled pairs of a step's sample; a scalar."""


def supervised_part(trainer: Supervised) -> SupervisedObjective:
    """The reference trainer's objective with the weights of `trainer`."""
    return SupervisedObjective(
        trainer.classification_weight,
        trainer.contrastive_weight,
        trainer.temperature,
        trainer.half_labels,
    )


def mixture(network: PairNetwork, outputs: Outputs) -> Tensor:
    """Class probabilities `[k, c]` of pairs: ½(pᵃ + pᵇ), or those of the present modality."""
    p_a, p_b = (network.probabilities(logits) for logits in outputs.logits)
    mixed = (p_a + p_b) / 2
    for present, other in zip(outputs.present, (p_b, p_a), strict=True):
        if present is not None:
            mixed = torch.where(present[:, None], mixed, other)
    return mixed
