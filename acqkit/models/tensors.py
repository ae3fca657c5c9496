"""Numpy arrays as tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def as_tensor(array: NDArray[Any]) -> Tensor:
    """A block of features or embeddings `[k, ...]` as a tensor, sharing its memory if it can.

    Read-only arrays, such as a block of a memory-mapped pool, are copied: torch has no read-only
    tensors, warns of such memory, and a write to it would end the process.
    """
    return torch.from_numpy(np.require(array, requirements=("C", "W")))
