"""Features with zero mean and comparable scale, as part of an encoder."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from acqkit.embeddings import BoolArray, FloatArray
from acqkit.errors import EmbeddingError
from acqkit.interfaces import PairBatch, Pool
from acqkit.models.data import blocks_of


class Standardize(nn.Module):
    """(x - center) / scale: center `[width]`, one scale for all; fixed, not learned."""

    center: Tensor
    scale: Tensor

    def __init__(self, center: FloatArray, scale: float, name: str) -> None:
        super().__init__()
        self.name = name
        self.register_buffer("center", torch.from_numpy(center))
        self.register_buffer("scale", torch.tensor(scale))

    def forward(self, features: Tensor) -> Tensor:
        """Standardized features `[k, width]`; raises EmbeddingError for another width."""
        if features.ndim != 2 or features.shape[1] != len(self.center):
            raise EmbeddingError(
                f"modality {self.name} has features of shape {tuple(features.shape)}, but the "
                f"model was built for a width of {len(self.center)}; build it for this pool"
            )
        return (features.float() - self.center) / self.scale


def standardize_for(pool: Pool) -> tuple[Standardize, Standardize]:
    """Both modalities' statistics over the pairs that have them, in one pass by blocks.

    Of pools of more than `MOST_ROWS` pairs those of so many, in blocks that are spread evenly: the
    standard error of a mean is then a thousandth of the features' own spread.

    One scale serves all dimensions of a modality (the root mean variance): features such as
    principal components carry their importance in their scale.
    """
    assert pool.dims is not None  # the caller has checked it
    moments = tuple(_Moments(width) for width in pool.dims)
    for block in blocks_of(pool) if len(pool) <= MOST_ROWS else _spread(pool):
        moments[0].add(block.a, block.present_a)
        moments[1].add(block.b, block.present_b)
    a, b = (
        Standardize(*side.result(), name)
        for side, name in zip(moments, pool.modalities, strict=True)
    )
    return a, b


MOST_ROWS = 1 << 21
"""Pairs (2,097,152) whose features are looked at: the cost of a training does not grow beyond."""

_SPREAD_ROWS = 4096
"""Rows of a block, enough to be read at the speed of a disk."""


def _spread(pool: Pool) -> Iterator[PairBatch]:
    for start in np.linspace(0, len(pool) - _SPREAD_ROWS, MOST_ROWS // _SPREAD_ROWS).tolist():
        yield pool.batch(np.arange(int(start), int(start) + _SPREAD_ROWS))


class _Moments:
    """Running count, mean and sum of squared deviations (Chan et al. 1979), in float64."""

    def __init__(self, width: int) -> None:
        self.count = 0
        self.mean = np.zeros(width)
        self.squares = np.zeros(width)

    def add(self, block: FloatArray, present: BoolArray | None) -> None:
        rows = block if present is None else block[present]
        if len(rows) == 0:
            return
        mean = rows.mean(axis=0, dtype=np.float64)
        shift, total = mean - self.mean, self.count + len(rows)
        self.squares += ((rows - mean) ** 2).sum(axis=0)
        self.squares += shift**2 * (self.count * len(rows) / total)
        self.mean += shift * (len(rows) / total)
        self.count = total

    def result(self) -> tuple[FloatArray, float]:
        variance = float(self.squares.mean()) / max(self.count, 1)
        # Features that are constant up to rounding are left at 0 rather than blown up.
        largest = float(np.abs(self.mean).max(initial=0.0))
        scale = np.sqrt(variance) if variance > (1e-6 * largest) ** 2 else 1.0
        return self.mean.astype(np.float32), float(scale)
