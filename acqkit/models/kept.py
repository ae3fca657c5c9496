"""Features of frozen bodies, computed once a training."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from acqkit.embeddings import BoolArray, IntArray
from acqkit.models.data import CACHE_BYTES, TrainingData, joined_masks
from acqkit.models.inputs import mask_of
from acqkit.models.network import PairNetwork
from acqkit.models.reading import BatchReader
from acqkit.models.tower import Tower


def keep_features(
    network: PairNetwork, data: TrainingData, reader: BatchReader, block: int
) -> None:
    """Put what frozen bodies give for the whole pool into `data`, `block` pairs at a time."""
    frozen = [
        side
        for side, encoder in enumerate(network.encoders)
        if isinstance(encoder, Tower) and encoder.frozen
    ]
    if not frozen:
        return
    n = len(data)
    kept: dict[int, Tensor] = {}
    masks: tuple[list[BoolArray | None], list[BoolArray | None]] = ([], [])
    sizes: list[int] = []
    for batch in reader.read(_blocks(n, block)):
        sizes.append(len(batch))
        for own, present in zip(masks, (batch.present_a, batch.present_b), strict=True):
            own.append(present)
        for side in frozen:
            rows = _present_rows(batch.positions, (batch.present_a, batch.present_b)[side])
            if len(rows):
                features = network.body_features(side, batch).float()
                if side not in kept:
                    kept[side] = _room(n, features)
                kept[side][torch.from_numpy(rows)] = features.to(kept[side].device)
    a, b = (joined_masks(own, sizes) for own in masks)
    data.keep(kept, (a, b))


def _blocks(n: int, size: int) -> list[IntArray]:
    return [np.arange(start, min(start + size, n)) for start in range(0, n, size)]


def _present_rows(positions: IntArray, present: BoolArray | None) -> IntArray:
    mask = mask_of(present)
    return positions if mask is None else positions[mask]


def _room(n: int, features: Tensor) -> Tensor:
    """Zeros for all pairs, on the device where they are few enough for it."""
    fits = 4 * n * features[0].numel() <= CACHE_BYTES
    return torch.zeros(n, *features.shape[1:], device=features.device if fits else "cpu")
