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

    features `[n, d]`, unit rows: the mean of both modalities' unit embeddings; beliefs `[n, c]`:
    class probabilities with the known labels in their place, or None. They are `trusted` where
    somebody who knows better than the source gave them.
    """

    features: Tensor
    beliefs: Tensor | None = None
    trusted: bool = False

    @classmethod
    def of(
        cls, model: Model, pool: Pool, device: torch.device, beliefs: FloatArray | None = None
    ) -> Source:
        """Ask any fitted `model`, block by block; given `beliefs` `[n, c]` are taken instead.

        The model's own are taken only where classes exclude each other: after few labels
        independent decisions are near 0 for every rare class, and to learn them again drowns it.
        """
        trusted = beliefs is not None
        features, own = [], []
        for batch in blocks_of(pool):
            block = model.embed(batch)
            features.append(_features(block))
            if not (trusted or block.multilabel or block.a.probabilities is None):
                own.append(block.unified_probabilities())
        if own:
            beliefs = np.concatenate(own)
        if beliefs is not None:
            known = pool.labels.labeled
            beliefs = np.array(beliefs, dtype=np.float32)
            beliefs[known] = pool.labels.matrix[known]
        return cls(
            torch.from_numpy(np.concatenate(features)).to(device),
            None if beliefs is None else torch.from_numpy(beliefs).to(device),
            trusted,
        )


def _features(block: PairEmbeddings) -> FloatArray:
    sides = [unit(side.mean) for side in block.sides]
    for own, other in ((0, 1), (1, 0)):
        present = block.sides[own].present
        if present is not None:
            sides[own] = np.where(present[:, None], sides[own], sides[other])
    return unit(sides[0] + sides[1])
