"""The reference trainer: classification on labels plus contrastive pairing on all pairs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from acqkit.interfaces import Model, Pool
from acqkit.models.losses import classification_loss, pairing_loss
from acqkit.models.network import Outputs, PairNetwork
from acqkit.models.training import Objective, Schedule, Step, train


def classification_of(outputs: Outputs, labels: Tensor, *, multilabel: bool) -> Tensor:
    """Mean over both modalities of the classification loss of the pairs that have it."""
    losses = []
    for logits, present in zip(outputs.logits, outputs.present, strict=True):
        if present is None:
            losses.append(classification_loss(logits, labels, multilabel=multilabel))
        else:
            seen = classification_loss(logits[present], labels[present], multilabel=multilabel)
            losses.append(seen * (present.sum() / len(present)))
    return torch.stack(losses).mean()


def belief_classification_of(
    outputs: Outputs, beliefs: Tensor, weights: Tensor, *, multilabel: bool
) -> Tensor:
    """Classification loss of pairs on soft targets, what is believed of them; a scalar.

    beliefs `[k, c]` class probabilities; weights `[k, 1]` of the pairs, or `[k, c]` of single
    classes if multi-label: 0 leaves one out. Mean over all `k` pairs and both modalities, an
    absent one counts as 0. Binary cross-entropies are summed over classes.
    """
    losses = []
    for logits, present in zip(outputs.logits, outputs.present, strict=True):
        if multilabel:
            each = functional.binary_cross_entropy_with_logits(logits, beliefs, reduction="none")
        else:
            each = -beliefs * functional.log_softmax(logits, dim=1)
        per_pair = (weights * each).sum(dim=1)
        losses.append((per_pair if present is None else per_pair * present).mean())
    return torch.stack(losses).mean()


@dataclass(eq=False, slots=True)
class SupervisedObjective(Objective):
    """classification_weight · classification (labeled) + contrastive_weight · pairing (all).

    Pairs are contrasted in the space in which they will be retrieved, `Outputs.means`: once
    there are classes, the two modalities of an unlabeled pair also learn to agree on them.
    """

    classification_weight: float
    contrastive_weight: float
    temperature: float

    def loss(self, step: Step) -> Tensor:
        """The weighted sum for one step."""
        a, b = step.sample.paired_means()
        total = self.contrastive_weight * pairing_loss(a, b, self.temperature)
        if step.labeled is not None:
            multilabel = step.network.multilabel
            supervised = classification_of(step.labeled, step.labels, multilabel=multilabel)
            total = total + self.classification_weight * supervised
        return total


class Supervised(Schedule):
    """Trains on the known labels (classification) and on all pairs (contrastive pairing).

    Works without labels, where it learns a label-free embedding from the pairing alone,
    and without unlabeled pairs. A model that is no `PairNetwork` is asked to fit itself.
    """

    classification_weight: float = Field(
        1.0, ge=0, description="weight of the classification loss on labeled pairs"
    )
    contrastive_weight: float = Field(
        2.0, ge=0, description="weight of the contrastive pairing loss on all pairs"
    )
    temperature: float = Field(0.2, gt=0, description="temperature of the pairing loss")

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        """Train from scratch on the labels known so far; the same seed, the same model."""
        if not isinstance(model, PairNetwork):
            model.fit(pool, seed)
            return
        objective = SupervisedObjective(
            self.classification_weight, self.contrastive_weight, self.temperature
        )
        train(model, pool, objective, self, seed)
