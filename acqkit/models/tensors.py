"""Numpy arrays as tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def as_tensor(array: NDArray[Any], device: torch.device | str = "cpu") -> Tensor:
    """A block of features or embeddings `[k, ...]` as a tensor on a device.

    On the CPU it shares the memory of the array if it can. Read-only arrays, such as a block of a
    memory-mapped pool, are copied: torch has no read-only tensors, warns of such memory, and a
    write to it would end the process.
    """
    return torch.from_numpy(np.require(array, requirements=("C", "W"))).to(device)


def to_device(value: Any, device: torch.device) -> Any:
    """Arrays and tensors on a device, also those in mappings and lists; anything else as it is."""
    if isinstance(value, np.ndarray):
        value = as_tensor(value)
    if isinstance(value, Tensor):
        return value.to(device, non_blocking=True)
    if isinstance(value, Mapping):
        return {key: to_device(item, device) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(to_device(item, device) for item in value)
    return value


def stored(tensor: Tensor) -> NDArray[Any]:
    """A tensor as an array to keep. numpy has no bfloat16: its bits are kept as int16."""
    tensor = tensor.detach().cpu()
    array: NDArray[Any] = (
        tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor
    ).numpy()
    return array


def restored(array: NDArray[Any], dtype: torch.dtype) -> Tensor:
    """What `stored` made an array of, copied: what comes from a file may be read-only."""
    tensor = torch.tensor(array)
    return tensor.view(dtype) if dtype == torch.bfloat16 else tensor
