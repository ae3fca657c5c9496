"""The training loop that every trainer shares; what is learned is the objective's business."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from acqkit.embeddings import IntArray
from acqkit.interfaces import Model, Pool
from acqkit.metrics import class_prior
from acqkit.models.data import TrainingData, joined_masks, shuffled_batches
from acqkit.models.evidence import label_evidence
from acqkit.models.kept import keep_features
from acqkit.models.network import PairNetwork
from acqkit.models.outputs import Outputs
from acqkit.models.parallel import forward_of
from acqkit.models.progress import Progress, TrainingLog
from acqkit.models.reading import BatchReader
from acqkit.models.schedule import (
    Schedule,
    computing_in,
    network_of,
    optimizer_of,
    scaler_of,
    set_rates,
)
from acqkit.models.seeding import seeded
from acqkit.models.threads import training_threads

MOST_LABELED = 4096
"""Labeled pairs of which evidence is taken; its standard error is then a hundredth or less."""


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """One step's inputs to an objective.

    labeled: outputs of `l` labeled pairs (None before the first label); labels: theirs,
    `[l, c]` float32 0/1. sample: outputs of `k` pairs drawn from the whole pool, labeled or
    not. outputs: those of both, `[l + k]`, labeled ones first. Their `positions` say which
    pairs of the pool they are. number: of the step, from 0 to `steps` - 1; epoch: passes over
    the whole pool that are done. With `Schedule.accumulate` each part of a step is one here.
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


def train(
    model: Model,
    pool: Pool,
    objective: Objective,
    schedule: Schedule,
    seed: int,
    *,
    on_step: Callable[[Progress], None] | None = None,
) -> None:
    """Train from scratch on `pool`: same seed, labels and threads, same parameters.

    Parameters are reset, batches drawn and dropout masks drawn from `seed`; global random
    state is neither used nor touched. A `PairNetwork` is left in evaluation mode.

    on_step: called after every step, for a display. Raises ConfigError for a model that is no
    `PairNetwork`, which knows best how it learns: `OwnFit`; and what the objective or the encoders
    raise.
    """
    network = network_of(model, schedule)
    data = TrainingData(pool, network.device)
    reader = BatchReader(network, data, seed)
    network.reset(seed)
    with computing_in(network, schedule):
        keep_features(network, data, reader, schedule.batch_size)
        if len(data.labeled):
            prior = class_prior(pool.labels, multilabel=network.multilabel)
            evidence = _evidence(network, data, reader, schedule.batch_size)
            network.expect_classes(prior, evidence)
        with seeded(seed, network.device), training_threads(network, network.device):
            network.train()
            try:
                _run(network, data, reader, objective, schedule, seed, on_step)
            finally:
                network.eval()


@torch.no_grad()
def _evidence(network: PairNetwork, data: TrainingData, reader: BatchReader, block: int) -> float:
    """`label_evidence` of the features that the network starts with, which no label has shaped.

    Of so many labeled pairs at most that more would not change it.
    """
    positions = data.labeled[:MOST_LABELED]
    network.eval()
    wanted = [positions[start : start + block] for start in range(0, len(positions), block)]
    parts = [network(batch) for batch in reader.read(wanted)]
    features = [torch.cat([part.features[side] for part in parts]) for side in (0, 1)]
    sizes = [len(part) for part in parts]
    masks = [[part.present[side] for part in parts] for side in (0, 1)]
    present = [
        joined_masks([None if mask is None else mask.cpu().numpy() for mask in own], sizes)
        for own in masks
    ]
    return label_evidence(
        [side.cpu().numpy() for side in features],
        data.labels_of(positions).cpu().numpy(),
        multilabel=network.multilabel,
        present=present,
    )


class _Part(NamedTuple):
    """What a part of a step reads: positions of labeled pairs, and of any."""

    epoch: int
    known: IntArray
    sampled: IntArray

    @property
    def both(self) -> IntArray:
        # One pass through the encoders for both batches costs half of two.
        return np.concatenate([self.known, self.sampled])


def _parts(data: TrainingData, size: int, count: int, steps: int, seed: int) -> Iterator[_Part]:
    """The parts of all steps, `count` of equal size in each of `size` pairs and as many labeled.

    Where there are fewer labeled pairs than parts, each part has all of them.
    """
    generators = [torch.Generator().manual_seed(seed + which) for which in range(2)]
    labels = min(size, len(data.labeled))
    samples = data.batches(_multiple(size, count), generators[0])
    labeled = shuffled_batches(data.labeled, _multiple(labels, count), generators[1])
    for _ in range(steps):
        epoch, sampled = next(samples)
        known = next(labeled)[1] if labels else data.labeled
        each = [known] * count if len(known) < count else np.split(known, count)
        for own, pairs in zip(each, np.split(sampled, count), strict=True):
            yield _Part(epoch, own, pairs)


def _multiple(size: int, count: int) -> int:
    """The largest multiple of `count` up to `size`; `size` itself where that is none."""
    return size // count * count or size


def _run(
    network: PairNetwork,
    data: TrainingData,
    reader: BatchReader,
    objective: Objective,
    schedule: Schedule,
    seed: int,
    on_step: Callable[[Progress], None] | None,
) -> None:
    steps = schedule.steps(len(data))
    size = min(schedule.batch_size, len(data))
    count = min(schedule.accumulate, size)
    optimizer, scaler = optimizer_of(network, schedule), scaler_of(network, schedule)
    objective.start(network, data, steps * count)
    log = TrainingLog(network, optimizer, len(data), steps, reader)
    begun, learned, total = -1, False, torch.zeros((), device=network.device)
    forward = forward_of(network)
    wanted = (forward.own(part.both) for part in _parts(data, size, count, steps, seed))
    with closing(forward), closing(reader.read(wanted)) as batches:
        for number, part in enumerate(_parts(data, size, count, steps, seed)):
            if part.epoch > begun:
                begun = part.epoch
                objective.epoch_started(part.epoch)
            outputs = forward.outputs(next(batches), part.both)
            loss = objective.loss(_step(network, data, part, outputs, number, steps * count))
            total = total + loss.detach() / count
            if loss.requires_grad:
                scaler.scale(loss / count).backward()  # type: ignore[no-untyped-call]
                learned = True
            if (number + 1) % count:
                continue
            if learned:
                forward.before_step()
                set_rates(optimizer, schedule.rate(number // count, steps))
                scaler.step(optimizer)
                scaler.update()
                optimizer.zero_grad(set_to_none=True)
            progress = log.step_done(total)
            learned, total = False, torch.zeros_like(total)
            if on_step is not None:
                on_step(progress)


def _step(
    network: PairNetwork,
    data: TrainingData,
    part: _Part,
    outputs: Outputs,
    number: int,
    steps: int,
) -> Step:
    count = len(part.known)
    return Step(
        network,
        data,
        outputs.rows(0, count) if count else None,
        data.labels_of(part.known),
        outputs.rows(count, len(outputs)),
        outputs,
        number,
        steps,
        part.epoch,
    )
