"""Features of frozen bodies, computed once a training."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from acqkit.embeddings import BoolArray, IntArray
from acqkit.models.data import CACHE_BYTES, TrainingData
from acqkit.models.inputs import mask_of
from acqkit.models.network import PairNetwork
from acqkit.models.parallel import all_shapes, own_blocks, unite
from acqkit.models.reading import BatchReader
from acqkit.models.tower import Tower


def keep_features(
    network: PairNetwork, data: TrainingData, reader: BatchReader, block: int
) -> None:
    """Put what frozen bodies give for the whole pool into `data`, `block` pairs at a time.

    In a training that several processes share, each does some of the blocks.
    """
    frozen = [
        side
        for side, encoder in enumerate(network.encoders)
        if isinstance(encoder, Tower) and encoder.frozen
    ]
    if not frozen:
        return
    n = len(data)
    kept: dict[int, Tensor] = {}
    present = torch.zeros(n, 2, dtype=torch.uint8)
    for batch in reader.read(own_blocks(_blocks(n, block))):
        for side, mask in enumerate((batch.present_a, batch.present_b)):
            present[batch.positions, side] = 1 if mask is None else torch.from_numpy(mask).byte()
        for side in frozen:
            rows = _present_rows(batch.positions, (batch.present_a, batch.present_b)[side])
            if len(rows):
                features = network.body_features(side, batch).float()
                if side not in kept:
                    kept[side] = _room(n, features.shape[1:], features.device)
                kept[side][torch.from_numpy(rows)] = features.to(kept[side].device)
    for side, shape in all_shapes(kept).items():
        if side not in kept:  # what this process read has none of that modality
            kept[side] = _room(n, shape, network.device)
        unite(kept[side], network.device)
    unite(present, network.device)
    a, b = (mask_of(present[:, side].bool().numpy()) for side in (0, 1))
    data.keep(kept, (a, b))


def _blocks(n: int, size: int) -> list[IntArray]:
    return [np.arange(start, min(start + size, n)) for start in range(0, n, size)]


def _present_rows(positions: IntArray, present: BoolArray | None) -> IntArray:
    mask = mask_of(present)
    return positions if mask is None else positions[mask]


def _room(n: int, shape: torch.Size, device: torch.device) -> Tensor:
    """Zeros `[n, ...]`, on the device where they are few enough for it."""
    fits = 4 * n * shape.numel() <= CACHE_BYTES
    return torch.zeros(n, *shape, device=device if fits else "cpu")
