"""Evaluation of a trained model on pairs that it has not seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acqkit.campaign.embed import embed_pool
from acqkit.embeddings import IntArray
from acqkit.engine import LOCAL, Engine
from acqkit.interfaces import Evaluation, Model
from acqkit.metrics import evaluate_retrieval
from acqkit.pool import PairPool


def evaluate(
    model: Model,
    pool: PairPool,
    positions: IntArray,
    truth: NDArray[np.uint8],
    engine: Engine = LOCAL,
    device: str = "cpu",
) -> Evaluation:
    """The pairs at `positions` embedded and ranked, queries and gallery both.

    Those of which the pool does not know the truth are left out.

    `truth` is `[n, c]` for the whole pool. A pair that lacks a modality is neither a query
    nor in the gallery on that side. `device` is where they are ranked.
    """
    positions = pool.answerable(positions)
    embeddings = embed_pool(model, pool.take(positions), engine=engine)
    a, b = embeddings.sides
    labels = np.asarray(truth[positions])
    scores = evaluate_retrieval(
        a.mean, b.mean, labels, present_a=a.present, present_b=b.present, device=device
    )
    return Evaluation(embeddings, labels, scores)
