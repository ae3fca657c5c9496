"""The trainer `embedding-transfer`: class-wise learning teaches pair-wise learning."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from acqkit.embeddings import FloatArray
from acqkit.interfaces import Model, Pool
from acqkit.models import (
    Objective,
    Outputs,
    PairNetwork,
    Schedule,
    Step,
    TrainingData,
    as_network,
    belief_classification_of,
    classification_of,
    jaccard,
    pairing_loss,
    same_class_loss,
    train,
    weight_by_labels,
)
from acqkit_embedding_transfer.loss import SoftContrastiveLoss
from acqkit_embedding_transfer.relations import relaxed_labels, source_similarity
from acqkit_embedding_transfer.source import Source

FIRST, LAST = 0.2, 0.6
"""Shares of the steps at which a model without a source becomes its own first and last."""


class EmbeddingTransfer(Schedule):
    """A class-wise source model teaches a pair-wise target the similarities of all pairs.

    `fit` starts with class-wise learning: classification and supervised contrast of the labeled
    pairs, contrastive pairing of all. The model then becomes its own source: all pairs are
    embedded, `questions` times as it gets better, and their similarities, relaxed by known
    labels, are learned across and within modalities. In single-label pools it also learns its
    own predictions for unlabeled pairs.

    With `fit_from`, or `first+embedding-transfer` by name, any other fitted model is the source
    from the first step on. A target of the source's architecture starts with its parameters,
    any other one with fresh ones.

    Source: A multimodal embedding transfer approach for consistent and selective learning
    processes in cross-modal retrieval, Information Sciences 704, 2025,
    doi 10.1016/j.ins.2025.121974.
    """

    learning_rate: float = Field(5e-3, gt=0, description="highest learning rate (AdamW)")
    questions: int = Field(
        3, ge=1, description="how often a model that is its own source embeds all pairs anew"
    )
    transfer_weight: float = Field(10.0, ge=0, description="weight of the soft contrastive loss")
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
    classification_weight: float = Field(
        5.0, ge=0, description="weight of the classification of labeled pairs, with many labels"
    )
    half_labels: float = Field(
        500.0, ge=0, description="labels with which classification has half of its weight"
    )
    contrast_weight: float = Field(
        1.0, ge=0, description="weight of the supervised contrast of labeled pairs"
    )
    contrast_temperature: float = Field(
        0.1, gt=0, description="temperature of the supervised contrast"
    )
    belief_weight: float = Field(
        4.0,
        ge=0,
        description="weight of pseudo-labels: those of the trainer before, or the source's own "
        "probabilities where classes exclude each other",
    )
    pairing_weight: float = Field(2.0, ge=0, description="weight of the contrastive pairing")
    plenty: float = Field(
        1000.0, gt=0, description="labeled pairs beyond which all but their labels counts less"
    )
    temperature: float = Field(0.2, gt=0, description="temperature of the contrastive pairing")

    def fit(self, model: Model, pool: Pool, seed: int) -> dict[str, list[float]]:
        """Train from scratch on the labels known so far, the model being its own source.

        Returns `active_share`: for each epoch with the soft contrastive loss, the mean share of
        its entries that are within their relaxed margin. Raises ConfigError for a model that is
        no `PairNetwork`.
        """
        objective = TransferObjective(self)
        train(model, pool, objective, self, seed)
        return objective.record()

    def fit_from(
        self,
        source: Model,
        model: Model,
        pool: Pool,
        seed: int,
        beliefs: FloatArray | None = None,
    ) -> dict[str, list[float]]:
        """Train `model` on the labels known so far, taught by the fitted `source`.

        beliefs `[n, c]`: pseudo-labels of all pairs that are better than the source's own class
        probabilities; without them, those are used in single-label pools. Returns what `fit`
        returns. Raises ConfigError for a target that is no torch network.
        """
        self.check_model(model)
        network = cast(PairNetwork, model)
        objective = TransferObjective(
            self,
            Source.of(source, pool, network.device, beliefs),
            _parameters_for(network, source),
        )
        train(model, pool, objective, self, seed)
        return objective.record()


def _parameters_for(target: PairNetwork, source: Model) -> dict[str, Tensor] | None:
    """The source's parameters if it has the target's architecture."""
    network = as_network(source)
    if network is None:
        return None
    state, own = network.state_dict(), target.state_dict()
    fits = state.keys() == own.keys() and all(state[k].shape == own[k].shape for k in own)
    return {name: value.clone() for name, value in state.items()} if fits else None


class TransferObjective(Objective):
    """Classification, contrast, pairing and the soft contrastive loss; state of one training.

    Without a source, the network in training becomes its own. `active_shares` has one entry an
    epoch: the mean share of entries within their margin.
    """

    def __init__(
        self,
        params: EmbeddingTransfer,
        source: Source | None = None,
        begin_with: dict[str, Tensor] | None = None,
    ) -> None:
        self.params, self.source = params, source
        self.active_shares: list[float] = []
        self._begin_with = begin_with
        self._soft = SoftContrastiveLoss(params.margin)
        self._pair_wise_weight = 1.0
        self._when: frozenset[int] = frozenset()
        self._steps_of_epoch = 0

    def start(self, network: PairNetwork, data: TrainingData, steps: int) -> None:
        """Start with the source's parameters, where they were given."""
        if self._begin_with is not None:
            network.load_state_dict(self._begin_with)
        if self.source is None:
            shares = np.linspace(FIRST, LAST, self.params.questions)
            self._when = frozenset(int(share * steps) for share in shares)
        self._pair_wise_weight = min(1.0, self.params.plenty / max(len(data.labeled), 1))

    def epoch_started(self, epoch: int) -> None:
        """Begin a new mean of the active share."""
        self._steps_of_epoch = 0

    def record(self) -> dict[str, list[float]]:
        """What is kept of the training, as JSON."""
        return {"active_share": [round(share, 4) for share in self.active_shares]}

    def loss(self, step: Step) -> Tensor:
        """The weighted sum for one step."""
        params, multilabel = self.params, step.network.multilabel
        if step.number in self._when:
            self.source = _own_source(step.network, step.data)
        total = self._pair_wise_weight * self._pair_wise(step)
        if step.labeled is not None:
            known = classification_of(step.labeled, step.labels, multilabel=multilabel)
            weight = weight_by_labels(step.data, params.classification_weight, params.half_labels)
            total = total + weight * known
        if self.source is not None and self.source.beliefs is not None:
            believed = belief_classification_of(
                step.sample,
                self.source.beliefs[_rows(step.sample, self.source)],
                step.unlabeled[:, None].float(),
                multilabel=multilabel,
            )
            # Squared: what labels tell of other pairs is generalized once more.
            faith = step.network.trust**2 * (1.0 if self.source.trusted else self._pair_wise_weight)
            total = total + params.belief_weight * faith * believed
        return total

    def _pair_wise(self, step: Step) -> Tensor:
        """Pairing, contrast, and the source's similarities as soon as there is one."""
        params = self.params
        total = params.pairing_weight * self._pairing(step)
        # With pseudo-labels of all pairs, contrast of the few labeled ones would only overfit.
        if step.labeled is not None and self._trusted_of(step.labeled) is None:
            alike = same_class_loss(step.labeled, step.labels, params.contrast_temperature)
            total = total + step.network.trust * params.contrast_weight * alike
        if self.source is not None:
            total = total + params.transfer_weight * self._transfer(step, self.source)
        return total

    def _pairing(self, step: Step) -> Tensor:
        sample = step.sample
        likeness, beliefs = None, self._trusted_of(sample)
        if beliefs is not None:
            both = sample.both_present()
            classes = functional.normalize(beliefs if both is None else beliefs[both], dim=1)
            likeness = step.network.trust**2 * (classes @ classes.T)
        temperature = step.network.pairing_temperature(self.params.temperature)
        return pairing_loss(*sample.paired_means(), temperature, likeness)

    def _trusted_of(self, outputs: Outputs) -> Tensor | None:
        if self.source is None or self.source.beliefs is None or not self.source.trusted:
            return None
        return self.source.beliefs[_rows(outputs, self.source)]

    def _transfer(self, step: Step, source: Source) -> Tensor:
        outputs = step.outputs
        rows = _rows(outputs, source)
        relaxed = relaxed_labels(
            source_similarity(source.features[rows], self.params.bandwidth),
            jaccard(step.data.labels[rows]),
            torch.from_numpy(step.data.known[outputs.positions]).to(rows.device),
            step.network.trust * self.params.label_share,
        )
        loss: Tensor = self._soft(*outputs.features, relaxed, outputs.present)
        self._record_share()
        return loss

    def _record_share(self) -> None:
        """Add the last step's active share to the mean of its epoch."""
        if self._steps_of_epoch == 0:
            self.active_shares.append(0.0)
        self._steps_of_epoch += 1
        mean = self.active_shares[-1]
        self.active_shares[-1] = mean + (self._soft.active_share - mean) / self._steps_of_epoch


def _own_source(network: PairNetwork, data: TrainingData) -> Source:
    """The network in training as its own source, without dropout."""
    network.eval()
    try:
        return Source.of(cast(Model, network), data.pool, network.device)
    finally:
        network.train()


def _rows(outputs: Outputs, source: Source) -> Tensor:
    return torch.from_numpy(outputs.positions).to(source.features.device)
