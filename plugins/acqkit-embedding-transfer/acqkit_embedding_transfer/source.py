"""The source: features and class probabilities that a fitted model gives every pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from acqkit.embeddings import FloatArray, PairEmbeddings
from acqkit.interfaces import Model, Pool
from acqkit.models import blocks_of
from acqkit.neighbors import unit


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """What a target learns from: a fitted model's outputs for `n` pairs.

    features `[n, d]`, unit rows: the mean of both modalities' unit embeddings; beliefs `[n, c]`:
    class probabilities, known labels in place of predicted ones, or None. trusted: whether
    they are pseudo-labels of an earlier trainer and not the model's own predictions.
    """

    features: Tensor
    beliefs: Tensor | None = None
    trusted: bool = False

    @classmethod
    def of(
        cls, model: Model, pool: Pool, device: torch.device, beliefs: FloatArray | None = None
    ) -> Source:
        """Embed `pool` with any fitted `model`, block by block.

        Given `beliefs` `[n, c]` take the place of the model's own class probabilities. Those are
        used in single-label pools only: after few labels, independent (multi-label) decisions
        are near 0 for every rare class, and learning them again would suppress these classes.
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
