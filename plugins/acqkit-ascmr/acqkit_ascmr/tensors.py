"""Numpy arrays as tensors without a copy."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def as_tensor(array: NDArray[np.float32] | NDArray[np.bool_]) -> Tensor:
    """A tensor that shares the array's memory; it must not be written to."""
    with warnings.catch_warnings():
        # Memory-mapped arrays are read-only; torch warns of writes, which never happen here.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(np.ascontiguousarray(array))
