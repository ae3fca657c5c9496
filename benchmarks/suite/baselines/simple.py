"""Trainers without targets for unlabeled pairs: what labels and pairing give by themselves."""

from __future__ import annotations

from pydantic import Field
from torch import Tensor

from acqkit.interfaces import Model, Pool
from acqkit.models import (
    Objective,
    PairNetwork,
    Schedule,
    Step,
    SupervisedObjective,
    TrainingData,
    same_class_loss,
    train,
)


class ClassWise(Schedule):
    """Classification on labels alone; that two modalities are a pair teaches nothing."""

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        """Train from scratch; raises ConfigError for a model that is no torch network."""
        train(model, pool, SupervisedObjective(1.0, 0.0, 1.0), self, seed)


class PairWise(Schedule):
    """Pairing of all pairs and supervised contrast of labeled ones, without a classifier.

    The model ends without class probabilities: its embedding is the unit feature alone.
    """

    contrastive_weight: float = Field(2.0, ge=0, description="weight of the pairing loss")
    temperature: float = Field(0.2, gt=0, description="temperature of the pairing loss")
    same_class_weight: float = Field(1.0, ge=0, description="weight of the supervised contrast")
    same_class_temperature: float = Field(0.2, gt=0, description="its temperature")

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        """Train from scratch; raises ConfigError for a model that is no torch network."""
        train(model, pool, _WithoutClasses(self), self, seed)


class PlainSum(PairWise):
    """Classification, pairing and supervised contrast, summed."""

    classification_weight: float = Field(1.0, ge=0, description="weight of the classification")

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        """Train from scratch; raises ConfigError for a model that is no torch network."""
        train(model, pool, _Summed(self, self.classification_weight), self, seed)


class _Summed(Objective):
    def __init__(self, trainer: PairWise, classification_weight: float) -> None:
        self.trainer = trainer
        self.plain = SupervisedObjective(
            classification_weight, trainer.contrastive_weight, trainer.temperature
        )

    def loss(self, step: Step) -> Tensor:
        total = self.plain.loss(step)
        if step.labeled is None:
            return total
        temperature = self.trainer.same_class_temperature
        contrast = same_class_loss(step.labeled, step.labels, temperature)
        return total + self.trainer.same_class_weight * contrast


class _WithoutClasses(_Summed):
    def __init__(self, trainer: PairWise) -> None:
        super().__init__(trainer, 0.0)

    def start(self, network: PairNetwork, data: TrainingData, steps: int) -> None:
        network.knows_classes = False
