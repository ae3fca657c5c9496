"""Vectors as arrays or as tensors, and what code for both asks of them."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from acqkit.embeddings import FloatArray, IntArray

Vectors = FloatArray | Tensor
"""Rows `[n, d]`: an array, worked on by faiss and numpy, or a tensor, by torch where it lies."""

Kind = TypeVar("Kind", FloatArray, Tensor)
"""An array or a tensor: what goes in comes out."""


def library_of(x: Vectors) -> Any:
    """numpy or torch, for functions that both call alike (`minimum`, `where`, `cumsum`, ...)."""
    return torch if isinstance(x, Tensor) else np


def device_of(x: Vectors) -> torch.device:
    """Where the rows `[n, d]` are; arrays are on the CPU."""
    return x.device if isinstance(x, Tensor) else torch.device("cpu")


def whole_numbers(values: Tensor) -> Tensor:
    """Weights or distances `[n]`, at least 0, as 64-bit integers in proportion.

    Their sums are the same in whatever order the threads of a GPU come to them, which those of
    floats are not, and stay below 2^61.
    """
    scale = 2.0**60 / (len(values) * float(values.max()) + 1e-30)
    return (values.double() * scale).long()


def filled(n: int, value: float, like: Kind) -> Kind:
    """Distances or weights `[n]` float32, all of one `value`, beside the rows of `like`."""
    if isinstance(like, Tensor):
        return torch.full((n,), value, dtype=torch.float32, device=like.device)
    return np.full(n, value, dtype=np.float32)


def beside(values: NDArray[Any], like: Vectors) -> Any:
    """An array `[n, ...]` beside the rows of `like`: itself, or a tensor on their device."""
    return on_device(values, like.device) if isinstance(like, Tensor) else values


def on_device(values: NDArray[Any] | Tensor, device: torch.device | str) -> Tensor:
    """An array or a tensor `[n, ...]` as a tensor on a device.

    It shares the memory of what is there, but for read-only arrays, which torch does not know.
    """
    if isinstance(values, Tensor):
        return values.to(device)
    return torch.from_numpy(np.require(values, requirements=("C", "W"))).to(device)


def on_host(values: Tensor) -> NDArray[Any]:
    """A tensor `[n, ...]` as an array, which shares its memory where it is on the CPU."""
    array: NDArray[Any] = values.cpu().numpy()
    return array


def rows_where(mask: Any) -> IntArray:
    """Rows at which a mask `[n]`, an array or a tensor, is true, ascending."""
    if isinstance(mask, Tensor):
        return on_host(mask.nonzero()[:, 0])
    return np.flatnonzero(mask)
