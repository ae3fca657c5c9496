"""What a fitted model says of every pair: all that a target learns from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from acqkit.embeddings import FloatArray, PairEmbeddings
from acqkit.interfaces import Model, Pool
from acqkit.models.data import blocks_of
from acqkit.neighbors import unit


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """The source's view of `n` pairs.

    features `[n, d]`, unit rows: the mean of both modalities' unit embeddings; classes `[n, c]`:
    class probabilities, the known labels where there are any, or None where nobody knows any.
    """

    features: Tensor
    classes: Tensor | None

    @classmethod
    def of(
        cls, model: Model, pool: Pool, device: torch.device, beliefs: FloatArray | None = None
    ) -> Source:
        """Ask any fitted `model`, block by block; `beliefs` `[n, c]` replace its probabilities."""
        features, classes = [], []
        for batch in blocks_of(pool):
            block = model.embed(batch)
            features.append(_features(block))
            if beliefs is None and block.a.probabilities is not None:
                classes.append(block.unified_probabilities())
        probabilities = np.concatenate(classes) if classes else beliefs
        if probabilities is not None:
            known = pool.labels.labeled
            probabilities = np.array(probabilities, dtype=np.float32)
            probabilities[known] = pool.labels.matrix[known]
        return cls(
            torch.from_numpy(np.concatenate(features)).to(device),
            None if probabilities is None else torch.from_numpy(probabilities).to(device),
        )


def _features(block: PairEmbeddings) -> FloatArray:
    sides = [unit(side.mean) for side in block.sides]
    for own, other in ((0, 1), (1, 0)):
        present = block.sides[own].present
        if present is not None:
            sides[own] = np.where(present[:, None], sides[own], sides[other])
    return unit(sides[0] + sides[1])
