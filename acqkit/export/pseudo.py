"""Pseudo-labels: what the trained model or its trainer takes for the label of unlabeled pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acqkit.campaign import Trained
from acqkit.embeddings import FloatArray, IntArray
from acqkit.metrics import class_prior, decide, least_sure
from acqkit.runner.precision import class_beliefs


@dataclass(frozen=True, eq=False, slots=True)
class PseudoLabels:
    """Of `n` train pairs without a label.

    positions `[n]` in the whole pool; labels `[n, c]` 0/1, by `metrics.decide`; confidence
    `[n]`, how likely the least likely of a pair's labels is; probabilities `[n, c]`. source:
    `trainer` or `classifier`, which gave the probabilities.
    """

    positions: IntArray
    labels: NDArray[np.uint8]
    confidence: FloatArray
    probabilities: FloatArray
    source: str


def pseudo_labels(trained: Trained, trainer: object, positions: IntArray) -> PseudoLabels | None:
    """Those of the trainer where it makes some, else of the classifier.

    positions `[t]` are those of the train pairs in the whole pool. None before the first label,
    or where nothing predicts classes.
    """
    known = trained.pool.labels
    if not len(known.labeled):
        return None
    beliefs = class_beliefs(trained, trainer)
    source = next((name for name in ("trainer", "classifier") if name in beliefs), None)
    if source is None:
        return None
    open_ = np.setdiff1d(np.arange(len(trained.pool)), known.labeled)
    probabilities = np.asarray(beliefs[source][open_])
    prior = class_prior(known, multilabel=trained.pool.multilabel)
    labels = decide(probabilities, prior, multilabel=trained.pool.multilabel)
    return PseudoLabels(
        positions[open_], labels, least_sure(probabilities, labels), probabilities, source
    )
