"""The trainer `embedding-transfer`: a class-wise source teaches a pair-wise target."""

from __future__ import annotations

import copy
from typing import Any

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from acqkit.embeddings import FloatArray
from acqkit.errors import ConfigError
from acqkit.interfaces import Model, Pool
from acqkit.models.data import TrainingData
from acqkit.models.losses import pairing_loss
from acqkit.models.network import Outputs, PairNetwork
from acqkit.models.supervised import (
    SupervisedObjective,
    belief_classification_of,
    classification_of,
)
from acqkit.models.training import Objective, Schedule, Step, train
from acqkit_embedding_transfer.loss import SoftContrastiveLoss
from acqkit_embedding_transfer.relations import jaccard, relaxed_labels, source_similarity
from acqkit_embedding_transfer.source import Source


class EmbeddingTransfer(Schedule):
    """Class-wise learning first, then pair-wise learning that is taught by what it found.

    By itself it trains the source too, in the first `source_share` of its steps: classification
    on labels and contrastive pairing. Any other fitted model can be the source: `fit_from`, or
    `first+embedding-transfer` by name. The target then learns relations between pairs, across
    and within modalities, from relaxed labels; it goes on from the source's parameters where
    it is the same architecture, and starts afresh where it is not.

    Source: A multimodal embedding transfer approach for consistent and selective learning
    processes in cross-modal retrieval, Information Sciences 704, 2025,
    doi 10.1016/j.ins.2025.121974.
    """

    source_share: float = Field(
        0.5, gt=0, lt=1, description="share of the steps in which the source is trained"
    )
    transfer_weight: float = Field(30.0, ge=0, description="weight of the soft contrastive loss")
    label_share: float = Field(
        0.9, ge=0, le=1, description="what known labels count beside the source's similarity"
    )
    bandwidth: float = Field(
        0.1,
        gt=0,
        description="squared distance at which the source's similarity is 1/e, as a "
        "share of the mean one",
    )
    margin: float = Field(
        1.5, gt=0, description="distance, in mean distances, that unrelated pairs are pushed to"
    )
    classification_weight: float = Field(1.0, ge=0, description="weight of the known labels")
    belief_weight: float = Field(
        4.0, ge=0, description="weight of pseudo-labels, where the trainer before gives some"
    )
    pairing_weight: float = Field(2.0, ge=0, description="weight of the contrastive pairing")
    temperature: float = Field(0.2, gt=0, description="temperature of the contrastive pairing")

    def fit(self, model: Model, pool: Pool, seed: int) -> dict[str, list[float]] | None:
        """Train source and target from scratch on the labels known so far.

        Returns `active_share`: per epoch of the target's training over the whole pool, the mean
        share of entries of the soft contrastive loss that are within their relaxed margin. A
        model that is no `PairNetwork` is asked to fit itself.
        """
        if not isinstance(model, PairNetwork):
            model.fit(pool, seed)
            return None
        steps = self.steps(len(pool))
        first = max(1, round(self.source_share * steps))
        class_wise = SupervisedObjective(
            self.classification_weight, self.pairing_weight, self.temperature
        )
        train(model, pool, class_wise, self._lasting(first), seed)
        return self._teach(copy.deepcopy(model), model, pool, seed, max(1, steps - first), None)

    def fit_from(
        self,
        source: Model,
        model: Model,
        pool: Pool,
        seed: int,
        beliefs: FloatArray | None = None,
    ) -> dict[str, list[float]]:
        """Train `model` on the labels known so far and on what the fitted `source` says.

        beliefs `[n, c]`: class probabilities of all pairs, if somebody knows better than the
        source. Returns what `fit` returns. Raises ConfigError for a target that is no torch
        network.
        """
        if not isinstance(model, PairNetwork):
            raise ConfigError(
                f"embedding-transfer trains torch networks, and {type(model).__name__} is none; "
                "wrap two encoders in acqkit.models.TorchPairModel, or use another trainer"
            )
        return self._teach(source, model, pool, seed, self.steps(len(pool)), beliefs)

    def _teach(
        self,
        source: Model,
        model: PairNetwork,
        pool: Pool,
        seed: int,
        steps: int,
        beliefs: FloatArray | None,
    ) -> dict[str, list[float]]:
        objective = TransferObjective(
            self,
            Source.of(source, pool, model.device, beliefs),
            _same_architecture(source, model),
            believed=beliefs is not None,
        )
        train(model, pool, objective, self._lasting(steps), seed)
        return {"active_share": [round(share, 4) for share in objective.active_shares]}

    def _lasting(self, steps: int) -> Schedule:
        shared: dict[str, Any] = {name: getattr(self, name) for name in Schedule.model_fields}
        return Schedule(**shared | {"min_steps": steps, "max_steps": steps})


def _same_architecture(source: Model, model: PairNetwork) -> dict[str, Tensor] | None:
    """The source's parameters where they fit into `model`."""
    if not isinstance(source, PairNetwork):
        return None
    state, own = source.state_dict(), model.state_dict()
    fits = state.keys() == own.keys() and all(state[k].shape == own[k].shape for k in own)
    return {name: value.clone() for name, value in state.items()} if fits else None


class TransferObjective(Objective):
    """Classification, pairing and the soft contrastive loss; state of one training.

    `active_shares` has one entry an epoch: the mean share of entries within their margin.
    """

    def __init__(
        self,
        params: EmbeddingTransfer,
        source: Source,
        begin_with: dict[str, Tensor] | None = None,
        *,
        believed: bool = False,
    ) -> None:
        self.params, self.source, self.believed = params, source, believed
        self.active_shares: list[float] = []
        self._begin_with = begin_with
        self._soft = SoftContrastiveLoss(params.margin)
        self._steps_of_epoch = 0

    def start(self, network: PairNetwork, data: TrainingData, steps: int) -> None:
        """Go on from the source's parameters, where they were given."""
        if self._begin_with is not None:
            network.load_state_dict(self._begin_with)

    def epoch_started(self, epoch: int) -> None:
        """Begin a new mean of the active share."""
        self.active_shares.append(0.0)
        self._steps_of_epoch = 0

    def loss(self, step: Step) -> Tensor:
        """The weighted sum for one step."""
        params, multilabel = self.params, step.network.multilabel
        total = params.pairing_weight * self._pairing(step.sample)
        total = total + params.transfer_weight * self._transfer(step)
        if step.labeled is not None:
            known = classification_of(step.labeled, step.labels, multilabel=multilabel)
            total = total + params.classification_weight * known
        if self.believed and self.source.classes is not None:
            believed = belief_classification_of(
                step.sample,
                self.source.classes[self._rows(step.sample)],
                step.unlabeled[:, None].float(),
                multilabel=multilabel,
            )
            total = total + params.belief_weight * believed
        return total

    def _pairing(self, sample: Outputs) -> Tensor:
        likeness = None
        if self.source.classes is not None:
            classes = functional.normalize(self.source.classes[self._rows(sample)], dim=1)
            both = sample.both_present()
            classes = classes if both is None else classes[both]
            likeness = classes @ classes.T
        return pairing_loss(*sample.paired_means(), self.params.temperature, likeness)

    def _transfer(self, step: Step) -> Tensor:
        outputs = step.outputs
        rows = self._rows(outputs)
        relaxed = relaxed_labels(
            source_similarity(self.source.features[rows], self.params.bandwidth),
            jaccard(step.data.labels[rows]),
            torch.from_numpy(step.data.known[outputs.positions]).to(rows.device),
            self.params.label_share,
        )
        loss: Tensor = self._soft(*outputs.features, relaxed, outputs.present)
        self._steps_of_epoch += 1
        mean = self.active_shares[-1]
        self.active_shares[-1] = mean + (self._soft.active_share - mean) / self._steps_of_epoch
        return loss

    def _rows(self, outputs: Outputs) -> Tensor:
        return torch.from_numpy(outputs.positions).to(self.source.features.device)
