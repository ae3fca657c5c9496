"""bfloat16, which numpy does not have: arrays of two bytes without a meaning of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import FloatArray


def is_bfloat16(kind: np.dtype[Any]) -> bool:
    """Whether a dtype is how numpy reads bfloat16: `V2`, as ml_dtypes writes it to `.npy`."""
    return kind.kind == "V" and kind.itemsize == 2 and kind.names is None


def as_float32(values: NDArray[Any]) -> FloatArray:
    """Numbers as float32, of the same shape: float16 and bfloat16 lose nothing."""
    if not is_bfloat16(values.dtype):
        return np.asarray(values, dtype=np.float32)
    bits = np.ascontiguousarray(values).view("<u2").astype(np.uint32)
    return (bits << np.uint32(16)).view(np.float32)
