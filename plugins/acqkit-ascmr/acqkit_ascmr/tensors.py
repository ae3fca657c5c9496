"""Numpy arrays as tensors without a copy."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch import Tensor

from acqkit.embeddings import BoolArray, FloatArray


def as_tensor(array: FloatArray | BoolArray) -> Tensor:
    """A tensor that shares the array's memory; it must not be written to."""
    with warnings.catch_warnings():
        # Memory-mapped arrays are read-only; torch warns of writes, which never happen here.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(np.ascontiguousarray(array))
