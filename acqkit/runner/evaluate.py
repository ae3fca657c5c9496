"""Evaluation of a trained model on pairs that it has not seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acqkit.campaign.embed import embed_rows
from acqkit.embeddings import FloatArray, IntArray
from acqkit.engine import LOCAL, Engine
from acqkit.interfaces import Model, Pool
from acqkit.metrics import RetrievalScores, evaluate_retrieval


def evaluate(
    model: Model,
    pool: Pool,
    positions: IntArray,
    truth: NDArray[np.uint8],
    engine: Engine = LOCAL,
) -> RetrievalScores:
    """Retrieval scores of the pairs at `positions`, queries and gallery both.

    `truth` is `[n, c]` for the whole pool. A pair that lacks a modality is neither a query
    nor in the gallery on that side.
    """
    means: tuple[list[FloatArray], list[FloatArray]] = ([], [])
    masks: tuple[list[NDArray[np.bool_]], list[NDArray[np.bool_]]] = ([], [])
    for block in embed_rows(model, pool, positions, engine=engine):
        for side, mean, mask in zip(block.sides, means, masks, strict=True):
            mean.append(side.mean)
            mask.append(np.ones(len(block), bool) if side.present is None else side.present)
    a, b = (np.concatenate(parts) for parts in means)
    present_a, present_b = (np.concatenate(parts) for parts in masks)
    return evaluate_retrieval(
        a, b, np.asarray(truth[positions]), present_a=present_a, present_b=present_b
    )
