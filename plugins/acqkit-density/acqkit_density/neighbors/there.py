"""The products of `fast` on a device, by torch."""

from __future__ import annotations

import torch
from torch import Tensor

from acqkit.embeddings import FloatArray, IntArray
from acqkit.neighbors import on_device, on_host

_PACKED = 4_096
"""Columns up to which a distance carries the number of its column, as it does on the CPU: both
then choose the same neighbors of those that agree in 12 bits."""


def nearest_columns_there(
    factors: Tensor, own: IntArray, known: IntArray, itself: IntArray, rows: IntArray, k: int
) -> tuple[IntArray, FloatArray]:
    """As `fast.nearest_columns`, where the factors `[n + 1, d + 2]` are."""
    device = factors.device
    facing = -factors[on_device(own, device)]
    facing[..., [-2, -1]] = -facing[..., [-1, -2]]
    apart = facing @ factors[on_device(known, device)].mT
    apart.scatter_(2, on_device(itself, device)[:, :, None], torch.inf)
    apart = apart.flatten(0, 1)[on_device(rows, device)].abs_()
    width = known.shape[1]
    if width > _PACKED:
        column = apart.topk(k, largest=False, sorted=False).indices
    else:
        last = (1 << (width - 1).bit_length()) - 1
        keys = apart.view(torch.int32) & ~last | torch.arange(width, device=device).int()
        column = (keys.topk(k, largest=False, sorted=False).values & last).long()
    return on_host(column), on_host(2 * apart.gather(1, column))
