"""The trainer `memory-bank`: labels, pseudo-labels from the memory, and pairing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from acqkit.embeddings import FloatArray, IntArray
from acqkit.interfaces import Model, Pool
from acqkit.models import (
    ENCODE_BLOCK,
    Objective,
    Outputs,
    PairNetwork,
    Schedule,
    Step,
    TrainingData,
    belief_classification_of,
    classification_of,
    pairing_loss,
    train,
    weight_by_labels,
)
from acqkit.pool import PairPool
from acqkit_memory_bank.bank import CAPACITY, MemoryBank
from acqkit_memory_bank.beliefs import Aggregation, Beliefs
from acqkit_memory_bank.labeling import label_pool

FIRST, LAST = 0.1, 0.8
"""Shares of the steps at which pseudo-labels are worked out first and last."""
_RAMP = 0.2
"""Share of the steps in which the loss on pseudo-labels rises to its weight, from `FIRST` on."""
_FEWEST_REFRESHES = 4
"""With fewer, pseudo-labels are those of a model that has hardly begun to learn."""


class MemoryBankTrainer(Aggregation, Schedule):
    """Semi-supervised training with pseudo-labels from a cross-modal memory bank.

    Loss = classification on labels, which weighs the more the more there are, + pseudo_weight ·
    classification of unlabeled pairs on their pseudo-labels from the memory + pairing_weight ·
    contrastive pairing. In the pairing, pairs
    whose pseudo-labels share classes are no negatives of each other; its weight falls with the
    number of labels beyond `plenty`, since classes then say better which pairs belong together.
    Without any label the loss is the contrastive pairing alone.

    Source: A semi-supervised cross-modal memory bank for cross-modal retrieval,
    Neurocomputing 579, 2024, doi 10.1016/j.neucom.2024.127430.
    """

    classification_weight: float = Field(
        5.0, ge=0, description="weight of the classification of labeled pairs, with many labels"
    )
    half_labels: float = Field(
        500.0, ge=0, description="labels with which classification has half of its weight"
    )
    pseudo_weight: float = Field(4.0, ge=0, description="weight of the loss on pseudo-labels")
    pairing_weight: float = Field(2.0, ge=0, description="weight of the contrastive pairing")
    temperature: float = Field(0.2, gt=0, description="temperature of the contrastive pairing")
    plenty: float = Field(
        1000.0, gt=0, description="labeled pairs beyond which the contrastive pairing counts less"
    )
    refreshes: int = Field(
        8, ge=1, description="how often pseudo-labels are worked out at most; less in large pools"
    )
    momentum: float = Field(
        0.3, ge=0, lt=1, description="share of its old row that a pair keeps in the memory"
    )
    capacity: int = Field(CAPACITY, ge=1, description="pairs in memory at most")

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        """Train from scratch on the labels known so far; the same seed, the same model.

        Raises ConfigError for a model that is no `PairNetwork`.
        """
        train(model, pool, MemoryBankObjective(self), self, seed)

    def pool_beliefs(self, model: Model, pool: Pool) -> FloatArray | None:
        """Class probabilities `[n, c]` of all pairs as of `label_pool`; None before any label."""
        if not len(pool.labels.labeled):
            return None
        return label_pool(model, cast(PairPool, pool)).probabilities


class MemoryBankObjective(Objective):
    """The three losses and the memory behind the second one; state of one training."""

    def __init__(self, params: MemoryBankTrainer) -> None:
        self.params = params
        self.bank: MemoryBank | None = None
        self.beliefs: Beliefs | None = None
        self._targets = self._trust = torch.empty(0)
        self._unlabeled: IntArray = np.empty(0, dtype=np.int64)
        self._when: frozenset[int] = frozenset()
        self._has_targets = False
        self._pairing_weight = params.pairing_weight

    def start(self, network: PairNetwork, data: TrainingData, steps: int) -> None:
        """Make an empty memory for the pool; none without labels."""
        self.bank = self.beliefs = None
        fade = min(1.0, self.params.plenty / max(len(data.labeled), 1))
        self._pairing_weight = self.params.pairing_weight * fade
        if not len(data.labeled):
            return
        self.bank = MemoryBank(
            data.pool.labels,
            network.dim,
            multilabel=network.multilabel,
            momentum=self.params.momentum,
            capacity=self.params.capacity,
        )
        # Ordered by id, so that what is learned does not depend on how the pool is sorted.
        self._unlabeled = data.everything[~data.known[data.everything]]
        self._targets = data.labels.clone()
        self._trust = torch.zeros(len(data), device=network.device)
        # Where everything is labeled the targets are the labels, and no pseudo-label is needed.
        self._has_targets = not len(self._unlabeled)
        times = 0 if self._has_targets else self._refreshes(len(data), steps)
        self._when = frozenset(int(share * steps) for share in np.linspace(FIRST, LAST, times))

    def loss(self, step: Step) -> Tensor:
        """The weighted sum for one step."""
        params = self.params
        if self.bank is None or step.labeled is None:
            a, b = step.sample.paired_means()
            return self._pairing_weight * pairing_loss(a, b, params.temperature)
        if step.number in self._when:
            self._refresh(self.bank, step)
        multilabel = step.network.multilabel
        known = classification_of(step.labeled, step.labels, multilabel=multilabel)
        weight = weight_by_labels(step.data, params.classification_weight, params.half_labels)
        total = weight * known + self._pairing_weight * self._pairing(step)
        if self._has_targets:
            rows = self._rows(step.sample)
            ramp = min(max(step.progress - FIRST, 0.0) / _RAMP, 1.0)
            pseudo = belief_classification_of(
                step.sample, self._targets[rows], self._trust[rows, None], multilabel=multilabel
            )
            # Squared: what labels tell of other pairs is generalized once more.
            total = total + params.pseudo_weight * step.network.trust**2 * ramp * pseudo
        return total

    def _refreshes(self, pairs: int, steps: int) -> int:
        """How often pseudo-labels are worked out: at most once a pass over what the memory holds.

        More often, most of its rows would be what they were; and in large pools a refresh
        costs nearly as much as the steps of such a pass.
        """
        params = self.params
        seen = steps * params.batch_size // min(pairs, params.capacity)
        return min(params.refreshes, max(_FEWEST_REFRESHES, seen))

    def _pairing(self, step: Step) -> Tensor:
        sample = step.sample
        a, b = sample.paired_means()
        likeness = None
        if self._has_targets:
            believed = functional.normalize(self._targets[self._rows(sample)], dim=1)
            both = sample.both_present()
            believed = believed if both is None else believed[both]
            likeness = step.network.trust**2 * (believed @ believed.T)
        temperature = step.network.pairing_temperature(self.params.temperature)
        return pairing_loss(a, b, temperature, likeness)

    def _rows(self, outputs: Outputs) -> Tensor:
        return torch.from_numpy(outputs.positions).to(self._targets.device)

    @torch.no_grad()
    def _refresh(self, bank: MemoryBank, step: Step) -> None:
        """Bring the memory up to date, without dropout, and take its pseudo-labels as targets."""
        network, data = step.network, step.data
        network.eval()
        for positions in self._due(data):
            outputs = network(data.batch(positions))
            features = [side.cpu().numpy() for side in outputs.features]
            probabilities = [network.probabilities(side).cpu().numpy() for side in outputs.logits]
            bank.update(positions, (features[0], features[1]), (probabilities[0], probabilities[1]))
        network.train()
        weights = (1.0, 1.0) if self.beliefs is None else self.beliefs.weights
        device = network.device
        self.beliefs = found = self.params.beliefs(bank, weights, str(device))
        rows = torch.from_numpy(found.positions).to(device)
        self._targets[rows] = torch.from_numpy(found.probabilities).to(device)
        trust = found.told & ~data.known[found.positions]
        self._trust[rows] = torch.from_numpy(trust.astype(np.float32)).to(device)
        self._has_targets = True

    def _due(self, data: TrainingData) -> Iterator[IntArray]:
        """Pairs to update, in blocks: all labeled ones, and in turn the others that have room."""
        room = max(self.params.capacity - len(data.labeled), 0)
        others = self._unlabeled[:room]
        self._unlabeled = np.concatenate([self._unlabeled[room:], others])
        due = np.concatenate([data.labeled, others])
        for start in range(0, len(due), ENCODE_BLOCK):
            yield due[start : start + ENCODE_BLOCK]
