"""How a training goes: for a display, and in the log."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

import torch
from torch import Tensor

from acqkit.models.network import PairNetwork
from acqkit.models.reading import BatchReader

EVERY = 10.0
"""Seconds between two lines of the log; more often they say little that is new."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training stands, for a display: `step` of `steps` are done, with `loss`.

    seconds since the first step began, `waited` of them for pairs to be read.
    """

    step: int
    steps: int
    loss: Tensor
    seconds: float
    waited: float


class TrainingLog:
    """Says with `logging`, level INFO, how a training goes: first, every `EVERY` seconds, last."""

    def __init__(
        self,
        network: PairNetwork,
        optimizer: torch.optim.Optimizer,
        pairs: int,
        steps: int,
        reader: BatchReader,
    ) -> None:
        self._steps, self._reader = steps, reader
        self._done = 0
        self._begun = self._said = time.perf_counter()
        self._waited_before = reader.waited
        learning = ", ".join(
            f"{sum(parameter.numel() for parameter in group['params']):,} at {group['highest']:g}"
            for group in optimizer.param_groups
        )
        _LOG.info(
            "training on %s pairs in %s steps on %s; parameters by learning rate: %s",
            f"{pairs:,}", f"{steps:,}", network.device, learning,
        )  # fmt: skip

    def step_done(self, loss: Tensor) -> Progress:
        """Where the training stands after one more step, whose loss is `[]`."""
        self._done += 1
        now = time.perf_counter()
        waited = self._reader.waited - self._waited_before
        progress = Progress(self._done, self._steps, loss, now - self._begun, waited)
        if now - self._said >= EVERY or self._done == self._steps:
            self._said = now
            left = progress.seconds / self._done * (self._steps - self._done)
            _LOG.info(
                "step %s of %s, loss %.4g, %.0f s left; %.0f%% of the time waiting for pairs",
                self._done, self._steps, float(loss), left,
                100 * waited / max(progress.seconds, 1e-9),
            )  # fmt: skip
        return progress
