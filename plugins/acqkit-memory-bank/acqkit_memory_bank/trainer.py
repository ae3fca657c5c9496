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
from acqkit.models.data import TrainingData
from acqkit.models.losses import pairing_loss
from acqkit.models.network import Outputs, PairNetwork
from acqkit.models.supervised import belief_classification_of, classification_of
from acqkit.models.torch_pair import ENCODE_BLOCK
from acqkit.models.training import Objective, Schedule, Step, train
from acqkit.pool import PairPool
from acqkit_memory_bank.bank import CAPACITY, MemoryBank
from acqkit_memory_bank.beliefs import Aggregation, Beliefs
from acqkit_memory_bank.labeling import label_pool

FIRST, LAST = 0.1, 0.8
"""Shares of the training at which the memory is asked first, and after which no more."""
_RAMP = 0.2
_FEWEST_REFRESHES = 4
"""With fewer the beliefs are those of a model that has hardly begun."""


class MemoryBankTrainer(Aggregation, Schedule):
    """Semi-supervised training with pseudo-labels from a cross-modal memory bank.

    Loss = classification on labels + pseudo_weight · classification of unlabeled pairs on
    what the memory believes of them + pairing_weight · contrastive pairing, in which other
    pairs that are believed to share classes are no negatives, and which fades where labels are
    plenty: classes then say better what matters. Without any label it is the contrastive
    pairing alone. A model that is no `PairNetwork` is asked to fit itself.

    Source: A semi-supervised cross-modal memory bank for cross-modal retrieval,
    Neurocomputing 579, 2024, doi 10.1016/j.neucom.2024.127430.
    """

    pseudo_weight: float = Field(4.0, ge=0, description="weight of the loss on pseudo-labels")
    pairing_weight: float = Field(2.0, ge=0, description="weight of the contrastive pairing")
    temperature: float = Field(0.2, gt=0, description="temperature of the contrastive pairing")
    plenty: float = Field(
        1000.0, gt=0, description="labeled pairs beyond which the contrastive pairing counts less"
    )
    refreshes: int = Field(
        8, ge=1, description="how often the memory is asked at most; more seldom in large pools"
    )
    momentum: float = Field(
        0.3, ge=0, lt=1, description="what the memory keeps of a pair when it is seen again"
    )
    capacity: int = Field(CAPACITY, ge=1, description="pairs in memory at most")

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        """Train from scratch on the labels known so far; the same seed, the same model."""
        if not isinstance(model, PairNetwork):
            model.fit(pool, seed)
            return
        train(model, pool, MemoryBankObjective(self), self, seed)

    def pool_beliefs(self, model: Model, pool: Pool) -> FloatArray | None:
        """Class probabilities `[n, c]` of all pairs for a trainer that comes after this one.

        Those of `label_pool`; None before the first label.
        """
        if not len(pool.labels.labeled):
            return None
        return label_pool(model, cast(PairPool, pool)).probabilities


class MemoryBankObjective(Objective):
    """Three losses and the memory that one of them learns from; state of one training."""

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
        """Set up an empty memory for the pool; without labels there is nothing to remember."""
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
        # Where everything is labeled there is nothing to ask the memory.
        self._has_targets = not len(self._unlabeled)
        asked = 0 if self._has_targets else self._refreshes(len(data), steps)
        self._when = frozenset(int(share * steps) for share in np.linspace(FIRST, LAST, asked))

    def loss(self, step: Step) -> Tensor:
        """The weighted sum for one step."""
        params = self.params
        if self.bank is None or step.labeled is None:
            a, b = step.sample.paired_means()
            return self._pairing_weight * pairing_loss(a, b, params.temperature)
        if step.number in self._when:
            self._refresh(self.bank, step)
        multilabel = step.network.multilabel
        total = classification_of(step.labeled, step.labels, multilabel=multilabel)
        total = total + self._pairing_weight * self._pairing(step.sample)
        if self._has_targets:
            rows = self._rows(step.sample)
            ramp = min(max(step.progress - FIRST, 0.0) / _RAMP, 1.0)
            pseudo = belief_classification_of(
                step.sample, self._targets[rows], self._trust[rows, None], multilabel=multilabel
            )
            total = total + params.pseudo_weight * ramp * pseudo
        return total

    def _refreshes(self, pairs: int, steps: int) -> int:
        """No more than one each time that the steps have read what the memory holds.

        Until then most of what it holds is what it held; in large pools a refresh costs nearly
        as much as those steps.
        """
        params = self.params
        seen = steps * params.batch_size // min(pairs, params.capacity)
        return min(params.refreshes, max(_FEWEST_REFRESHES, seen))

    def _pairing(self, sample: Outputs) -> Tensor:
        a, b = sample.paired_means()
        likeness = None
        if self._has_targets:
            believed = functional.normalize(self._targets[self._rows(sample)], dim=1)
            both = sample.both_present()
            believed = believed if both is None else believed[both]
            likeness = believed @ believed.T
        return pairing_loss(a, b, self.params.temperature, likeness)

    def _rows(self, outputs: Outputs) -> Tensor:
        return torch.from_numpy(outputs.positions).to(self._targets.device)

    @torch.no_grad()
    def _refresh(self, bank: MemoryBank, step: Step) -> None:
        """Bring the memory up to date, without dropout, and ask it what it believes."""
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
        trust = (found.reach > 0) & ~data.known[found.positions]
        self._trust[rows] = torch.from_numpy(trust.astype(np.float32)).to(device)
        self._has_targets = True

    def _due(self, data: TrainingData) -> Iterator[IntArray]:
        """All labeled pairs and, in turn, as many others as there is room for; in blocks."""
        room = max(self.params.capacity - len(data.labeled), 0)
        others = self._unlabeled[:room]
        self._unlabeled = np.concatenate([self._unlabeled[room:], others])
        due = np.concatenate([data.labeled, others])
        for start in range(0, len(due), ENCODE_BLOCK):
            yield due[start : start + ENCODE_BLOCK]
