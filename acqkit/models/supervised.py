"""The reference trainer: classification on labels plus contrastive pairing on all pairs."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field
from torch import Tensor

from acqkit.interfaces import Model, Pool
from acqkit.models.data import TrainingData
from acqkit.models.losses import classification_of, pairing_loss
from acqkit.models.schedule import Schedule
from acqkit.models.training import Objective, Step, train


def weight_by_labels(data: TrainingData, weight: float, half_labels: float) -> float:
    """What classification weighs beside the pairing, in [0, weight].

    weight · m / (m + half_labels) with m known labels, where a pair of three classes has three:
    the factor of an estimate from m observations beside `half_labels` prior ones. A few labels
    are learned by heart within some steps, and what the encoders unlearn for that is told by no
    other pair; with thousands, classes say better than the pairing which pairs are alike.
    """
    return weight * data.label_count / max(data.label_count + half_labels, 1.0)


@dataclass(eq=False, slots=True)
class SupervisedObjective(Objective):
    """Classification of labeled pairs, and contrastive_weight · pairing of all.

    Classification weighs as `weight_by_labels` says. Pairs are contrasted in the space in which
    they will be retrieved, `Outputs.means`: once there are classes, the two modalities of an
    unlabeled pair also learn to agree on them. Both losses are in nats, cosines are divided by
    `temperature`.
    """

    classification_weight: float
    contrastive_weight: float
    temperature: float
    half_labels: float = 0.0

    def loss(self, step: Step) -> Tensor:
        """The weighted sum for one step, a scalar `[]`."""
        a, b = step.sample.paired_means()
        temperature = step.network.pairing_temperature(self.temperature)
        total = self.contrastive_weight * pairing_loss(a, b, temperature)
        if step.labeled is not None:
            multilabel = step.network.multilabel
            supervised = classification_of(step.labeled, step.labels, multilabel=multilabel)
            weight = weight_by_labels(step.data, self.classification_weight, self.half_labels)
            total = total + weight * supervised
        return total


class Supervised(Schedule):
    """Trains on the known labels (classification) and on all pairs (contrastive pairing).

    Works without labels, where it learns a label-free embedding from the pairing alone,
    and without unlabeled pairs. The pairing is that of `pairing_loss` (van den Oord et al. 2018).
    """

    classification_weight: float = Field(
        5.0, ge=0, description="weight of the classification of labeled pairs, with many labels"
    )
    half_labels: float = Field(
        500.0, ge=0, description="labels with which classification has half of its weight"
    )
    contrastive_weight: float = Field(
        2.0, ge=0, description="weight of the contrastive pairing loss on all pairs"
    )
    temperature: float = Field(0.2, gt=0, description="temperature of the pairing loss")

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        """Train from scratch on the labels known so far; the same seed, the same model.

        Raises ConfigError for a model that is no `PairNetwork`.
        """
        objective = SupervisedObjective(
            self.classification_weight,
            self.contrastive_weight,
            self.temperature,
            self.half_labels,
        )
        train(model, pool, objective, self, seed)
