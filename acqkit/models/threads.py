"""Threads for a training: one for small networks, all for large ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

SMALL_NETWORK = 2_000_000
"""Parameters of a network; with fewer, a step's products are too small to share between threads.

The default two-tower network has some 100,000; image encoders have tens of millions.
"""


@contextmanager
def training_threads(network: nn.Module, device: torch.device) -> Iterator[None]:
    """One thread for a small network on the CPU, all of them otherwise; as before afterwards.

    Threads that share small products mostly wait for each other, and on a busy machine for
    the other core: 200 s instead of 7 s were seen. With one thread the result also does not
    depend on the number of cores.
    """
    parameters = sum(parameter.numel() for parameter in network.parameters())
    before = torch.get_num_threads()
    if device.type == "cpu" and parameters < SMALL_NETWORK:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
