"""Torch tensors as numpy arrays, without importing torch."""

from __future__ import annotations

from typing import Any


def as_numpy(values: Any) -> Any:
    """A tensor as an array, from any device, with gradient or not; other values as they are.

    Dtypes and layouts that numpy lacks (bfloat16, sparse) become dense float32. Raises what torch
    does for a tensor without numbers, such as one on the device `meta`.
    """
    if not (hasattr(values, "detach") and hasattr(values, "numpy")):
        return values
    try:
        return values.numpy(force=True)
    except TypeError:
        return values.to_dense().float().numpy(force=True)
