"""How many threads a training is worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

SMALL_NETWORK = 2_000_000
"""Parameters below which a step's products are too small to be shared between threads."""


@contextmanager
def fitting_threads(network: nn.Module, device: torch.device) -> Iterator[None]:
    """One thread for a small network on the CPU, all of them otherwise; as before afterwards.

    Threads that share small products mostly wait for each other, and on a busy machine they
    wait for whoever holds the other core: a training of 7 s became one of 200 s. One thread
    also makes the result the same whatever the number of cores.
    """
    parameters = sum(parameter.numel() for parameter in network.parameters())
    before = torch.get_num_threads()
    if device.type == "cpu" and parameters < SMALL_NETWORK:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
