"""Numbers of two bytes: float16, and bfloat16, which numpy does not have."""

from __future__ import annotations

import sys
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray


def is_bfloat16(kind: np.dtype[Any]) -> bool:
    """Whether a dtype is how numpy reads bfloat16: `V2`, as ml_dtypes writes it to `.npy`."""
    return kind.kind == "V" and kind.itemsize == 2 and kind.names is None


def as_float32(values: NDArray[Any]) -> NDArray[np.float32]:
    """Numbers as float32, of the same shape: float16 and bfloat16 lose nothing."""
    if is_bfloat16(values.dtype):
        bits = np.ascontiguousarray(values).view("<u2").astype(np.uint32)
        return (bits << np.uint32(16)).view(np.float32)
    if values.dtype == np.float16:
        return cast(NDArray[np.float32], _converted(values, "float32"))
    return np.asarray(values, dtype=np.float32)


def as_float16(values: NDArray[np.float32]) -> NDArray[np.float16]:
    """Numbers rounded to float16, of the same shape; those beyond it become its largest."""
    largest = np.finfo(np.float16).max
    return cast(NDArray[np.float16], _converted(np.clip(values, -largest, largest), "float16"))


def _converted(values: NDArray[Any], to: str) -> NDArray[Any]:
    """By torch, where it is loaded already: numpy takes eight times as long.

    Of numbers near 0, such as class probabilities, it takes a hundred times as long.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        return values.astype(to)
    # Copied only where torch would warn (it cannot be written to) or refuse (negative strides).
    owned = np.require(values, requirements=["C", "W"])
    return cast(NDArray[Any], torch.from_numpy(owned).to(getattr(torch, to)).numpy())
