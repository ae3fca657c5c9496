"""How long, how fast and how precisely a network is trained."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from pydantic import Field

from acqkit.errors import ConfigError
from acqkit.interfaces import Component, Model
from acqkit.models.network import PairNetwork, as_network

WARMUP = 0.05
"""Share of the steps in which the learning rate rises; AdamW's moments settle meanwhile."""


class Schedule(Component):
    """How long and how fast: epochs over the whole pool, within bounds on the steps.

    A step reads `batch_size` pairs of the whole pool and, beside them, as many labeled
    ones: few labels are seen often, many unlabeled pairs do not drown them. AdamW; the
    learning rates rise over the first 5% of the steps and fall to 0 along a cosine.

    Parameters that were learned elsewhere have a learning rate of their own, `encoder_rate`: the
    body of a `Tower`, and all of an encoder of raw items that `PairNetwork` puts back into the
    state in which it was given.

    `accumulate` cuts a step into so many equal parts, one after the other, which needs the memory
    of one part. The gradient is the mean of theirs: that of the whole step where the loss is a
    mean over pairs (classification), but for layers that look at a batch, such as batch
    normalization. A contrastive loss takes its negatives from the part alone: 4 parts of 32
    contrast each pair with 31 others, where one of 128 does with 127, which is another, easier
    task. To an objective every part is a step.

    `precision` is that of the encoders (`torch.autocast`), with scaled gradients for float16;
    parameters and losses stay float32.

    A trainer may inherit from this, so that these are parameters of it.
    """

    epochs: float = Field(20.0, gt=0, description="passes over the whole pool")
    min_steps: int = Field(300, ge=1, description="steps at least, on small pools")
    max_steps: int = Field(1200, ge=1, description="steps at most, on large pools")
    batch_size: int = Field(128, ge=2, description="pairs a step, and as many labeled ones")
    learning_rate: float = Field(3e-3, gt=0, description="highest learning rate (AdamW)")
    encoder_rate: float = Field(
        1e-5, gt=0, description="highest learning rate of pre-trained parameters"
    )
    weight_decay: float = Field(1e-2, ge=0, description="weight decay of matrices (AdamW)")
    accumulate: int = Field(1, ge=1, description="parts of a step, to need less memory")
    precision: Literal["float32", "bfloat16", "float16"] = Field(
        "float32", description="number format within the encoders"
    )

    def check_model(self, model: Model) -> None:
        """Raise ConfigError for a model that is no `PairNetwork`, which `train` trains alone."""
        network_of(model, self)

    def steps(self, n: int) -> int:
        """Steps for a pool of `n` pairs; the upper bound wins over the lower one."""
        wanted = math.ceil(self.epochs * n / self.batch_size)
        return min(self.max_steps, max(self.min_steps, wanted))

    def rate(self, step: int, steps: int) -> float:
        """Learning rates of step `step` of `steps`, as a share of the highest ones."""
        warm = min(1.0, (step + 1) / (WARMUP * steps + 1))
        return warm * 0.5 * (1 + math.cos(math.pi * step / steps))


def network_of(model: Model, trainer: Schedule) -> PairNetwork:
    """The network that a trainer can train; raises ConfigError where a model is none."""
    network = as_network(model)
    if network is None:
        raise ConfigError(
            f"{type(trainer).__name__} trains torch networks (acqkit.models.PairNetwork), and "
            f"{type(model).__name__} has a fit of its own instead; leave the trainer out, or ask "
            "for the trainer own-fit"
        )
    return network


def optimizer_of(network: PairNetwork, schedule: Schedule) -> torch.optim.Optimizer:
    """AdamW over what learns, each group with its highest learning rate as `highest`."""
    pretrained = {id(parameter) for parameter in network.pretrained_parameters()}
    groups: list[dict[str, Any]] = []
    for learned_elsewhere, rate in ((False, schedule.learning_rate), (True, schedule.encoder_rate)):
        learned = [
            parameter
            for parameter in network.parameters()
            if parameter.requires_grad and (id(parameter) in pretrained) is learned_elsewhere
        ]
        # Biases and scales of normalizations are not shrunk towards zero: it only biases them.
        decayed = [parameter for parameter in learned if parameter.ndim > 1]
        others = [parameter for parameter in learned if parameter.ndim <= 1]
        for parameters, decay in ((decayed, schedule.weight_decay), (others, 0.0)):
            if parameters:
                groups.append({"params": parameters, "weight_decay": decay, "highest": rate})
    return torch.optim.AdamW(groups, lr=schedule.learning_rate, fused=True)


def set_rates(optimizer: torch.optim.Optimizer, share: float) -> None:
    """Every group's learning rate as a share of its highest one."""
    for group in optimizer.param_groups:
        group["lr"] = group["highest"] * share


def scaler_of(network: PairNetwork, schedule: Schedule) -> torch.amp.GradScaler:
    """Scales gradients that float16 would round to zero; does nothing in other formats."""
    return torch.amp.GradScaler(network.device.type, enabled=schedule.precision == "float16")


@contextmanager
def computing_in(network: PairNetwork, schedule: Schedule) -> Iterator[None]:
    """The network's encoders compute in the precision of a schedule within, as before after it."""
    dtype: torch.dtype = getattr(torch, schedule.precision)
    network.autocast = None if dtype == torch.float32 else dtype
    try:
        yield
    finally:
        network.autocast = None
