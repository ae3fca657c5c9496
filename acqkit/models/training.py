"""The training loop that every trainer shares; what is learned is the objective's business."""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from acqkit.embeddings import BoolArray
from acqkit.errors import AcqkitWarning
from acqkit.interfaces import Component, Model, Pool
from acqkit.metrics import class_prior
from acqkit.models.data import TrainingData, shuffled_batches
from acqkit.models.evidence import label_evidence
from acqkit.models.network import Outputs, PairNetwork, as_network
from acqkit.models.seeding import seeded
from acqkit.models.threads import training_threads

MOST_LABELED = 4096
"""Labeled pairs of which evidence is taken; its standard error is then a hundredth or less."""

WARMUP = 0.05
"""Share of the steps in which the learning rate rises; AdamW's moments settle meanwhile."""


class Schedule(Component):
    """How long and how fast: epochs over the whole pool, within bounds on the steps.

    A step reads `batch_size` pairs of the whole pool and, beside them, as many labeled
    ones: few labels are seen often, many unlabeled pairs do not drown them. AdamW; the
    learning rate rises over the first 5% of the steps and falls to 0 along a cosine.

    A trainer may inherit from this, so that these are parameters of it.
    """

    epochs: float = Field(20.0, gt=0, description="passes over the whole pool")
    min_steps: int = Field(300, ge=1, description="steps at least, on small pools")
    max_steps: int = Field(1200, ge=1, description="steps at most, on large pools")
    batch_size: int = Field(128, ge=2, description="pairs a step, and as many labeled ones")
    learning_rate: float = Field(3e-3, gt=0, description="highest learning rate (AdamW)")
    weight_decay: float = Field(1e-2, ge=0, description="weight decay of matrices (AdamW)")

    def steps(self, n: int) -> int:
        """Steps for a pool of `n` pairs; the upper bound wins over the lower one."""
        wanted = math.ceil(self.epochs * n / self.batch_size)
        return min(self.max_steps, max(self.min_steps, wanted))

    def rate(self, step: int, steps: int) -> float:
        """Learning rate of step `step` of `steps`, as a share of `learning_rate`."""
        warm = min(1.0, (step + 1) / (WARMUP * steps + 1))
        return warm * 0.5 * (1 + math.cos(math.pi * step / steps))


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """One step's inputs to an objective.

    labeled: outputs of `l` labeled pairs (None before the first label); labels: theirs,
    `[l, c]` float32 0/1. sample: outputs of `k` pairs drawn from the whole pool, labeled or
    not. outputs: those of both, `[l + k]`, labeled ones first. Their `positions` say which
    pairs of the pool they are. number: of the step, from 0 to `steps` - 1; epoch: passes over
    the whole pool that are done.
    """

    network: PairNetwork
    data: TrainingData
    labeled: Outputs | None
    labels: Tensor
    sample: Outputs
    outputs: Outputs
    number: int
    steps: int
    epoch: int

    @property
    def progress(self) -> float:
        """Share of the steps that are done, in [0, 1); for ramps."""
        return self.number / self.steps

    @property
    def unlabeled(self) -> Tensor:
        """Which pairs of the sample have no label: `[k]` bool."""
        known = self.data.known[self.sample.positions]
        return torch.from_numpy(~known).to(self.network.device)


class Objective(ABC):
    """What a trainer minimizes. Made anew for every training, so it may keep state."""

    @abstractmethod
    def loss(self, step: Step) -> Tensor:
        """A scalar `[]`; one without gradient (nothing to learn from) leaves parameters alone."""

    def start(self, network: PairNetwork, data: TrainingData, steps: int) -> None:  # noqa: B027
        """Called once, after the network was reset: set up what the training needs."""

    def epoch_started(self, epoch: int) -> None:  # noqa: B027
        """Called before the first step of every epoch over the whole pool."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training stands, for a display: `step` of `steps` are done, with `loss`."""

    step: int
    steps: int
    loss: Tensor


def train(
    model: Model,
    pool: Pool,
    objective: Objective,
    schedule: Schedule,
    seed: int,
    *,
    on_step: Callable[[Progress], None] | None = None,
) -> bool:
    """Train from scratch on `pool`: same seed, labels and threads, same parameters.

    Parameters are reset, batches drawn and dropout masks drawn from `seed`; global random
    state is neither used nor touched. A `PairNetwork` is left in evaluation mode.

    Returns whether `objective` was what the model learned. A model that is no `PairNetwork`
    knows best how it learns: `model.fit(pool, seed)`, an AcqkitWarning that says so, and False.

    on_step: called after every step, for a display. Raises what the objective, the encoders
    or `model.fit` raise.
    """
    network = as_network(model)
    if network is None:
        warnings.warn(
            f"{type(model).__name__} is no PairNetwork and trains by its own fit: objective and "
            f"parameters of {type(schedule).__name__} are not used",
            AcqkitWarning,
            stacklevel=2,
        )
        model.fit(pool, seed)
        return False
    data = TrainingData(pool, network.device)
    network.reset(seed)
    if len(data.labeled):
        prior = class_prior(pool.labels, multilabel=network.multilabel)
        network.expect_classes(prior, _evidence(network, data, schedule.batch_size))
    with seeded(seed, network.device), training_threads(network, network.device):
        network.train()
        try:
            _run(network, data, objective, schedule, seed, on_step)
        finally:
            network.eval()
    return True


@torch.no_grad()
def _evidence(network: PairNetwork, data: TrainingData, block: int) -> float:
    """`label_evidence` of the features that the network starts with, which no label has shaped.

    Of so many labeled pairs at most that more would not change it.
    """
    positions = data.labeled[:MOST_LABELED]
    network.eval()
    parts = [
        network(data.batch(positions[start : start + block]))
        for start in range(0, len(positions), block)
    ]
    features = [torch.cat([part.features[side] for part in parts]) for side in (0, 1)]
    masks = [_joined([part.present[side] for part in parts], parts) for side in (0, 1)]
    return label_evidence(
        [side.cpu().numpy() for side in features],
        data.labels_of(positions).cpu().numpy(),
        multilabel=network.multilabel,
        present=masks,
    )


def _joined(masks: list[Tensor | None], parts: list[Outputs]) -> BoolArray | None:
    """Presence of the pairs of all `parts`, `[l]`; None where every one is present."""
    if all(mask is None for mask in masks):
        return None
    whole = [
        np.ones(len(part), dtype=bool) if mask is None else mask.cpu().numpy()
        for mask, part in zip(masks, parts, strict=True)
    ]
    return np.concatenate(whole)


def _run(
    network: PairNetwork,
    data: TrainingData,
    objective: Objective,
    schedule: Schedule,
    seed: int,
    on_step: Callable[[Progress], None] | None,
) -> None:
    steps = schedule.steps(len(data))
    optimizer = _optimizer(network, schedule)
    objective.start(network, data, steps)
    generators = [torch.Generator().manual_seed(seed + which) for which in range(2)]
    samples = shuffled_batches(data.everything, schedule.batch_size, generators[0])
    labeled = shuffled_batches(data.labeled, schedule.batch_size, generators[1])
    begun = -1
    for number in range(steps):
        epoch, sampled = next(samples)
        if epoch > begun:
            begun = epoch
            objective.epoch_started(epoch)
        known = next(labeled)[1] if len(data.labeled) else data.labeled
        # One pass through the encoders for both batches costs half of two.
        outputs = network(data.batch(np.concatenate([known, sampled])))
        step = Step(
            network,
            data,
            outputs.rows(0, len(known)) if len(known) else None,
            data.labels_of(known),
            outputs.rows(len(known), len(outputs)),
            outputs,
            number,
            steps,
            epoch,
        )
        loss = objective.loss(step)
        for group in optimizer.param_groups:
            group["lr"] = schedule.learning_rate * schedule.rate(number, steps)
        if loss.requires_grad:
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        if on_step is not None:
            on_step(Progress(number + 1, steps, loss.detach()))


def _optimizer(network: PairNetwork, schedule: Schedule) -> torch.optim.Optimizer:
    learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
    # Biases and scales of normalizations are not shrunk towards zero: it only biases them.
    decayed = [parameter for parameter in learned if parameter.ndim > 1]
    others = [parameter for parameter in learned if parameter.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": schedule.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=schedule.learning_rate, fused=True)
