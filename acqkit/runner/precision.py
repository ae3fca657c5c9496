"""Precision of pseudo-labels, and of the classifier's labels, on pairs without a label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acqkit.campaign import Trained
from acqkit.embeddings import FloatArray, IntArray, PairEmbeddings
from acqkit.errors import EmbeddingError
from acqkit.interfaces import BelievingTrainer, Model, Pool
from acqkit.labels import LabelState
from acqkit.metrics import COVERAGES, class_prior, decide, least_sure, precision_coverage
from acqkit.runs import LabelPrecision


def label_precision(
    trained: Trained, trainer: object, truth: NDArray[np.uint8], told: IntArray
) -> LabelPrecision | None:
    """Precision at all coverages of the labels predicted for unlabeled pairs.

    `truth` `[n, c]` is of the pairs of `trained.pool`, the train part; `told` `[t]` are the
    positions in it whose truth is known, among which precision is measured. Labels come from class
    probabilities by one rule, `metrics.decide`, and are ranked by `metrics.least_sure`; see
    `metrics.precision_coverage`.

    None without any label, where every such pair is labeled, or where neither the model nor the
    trainer predicts classes. Raises EmbeddingError for beliefs that are not of this pool.
    """
    known = trained.pool.labels
    open_ = np.setdiff1d(told, known.labeled)
    if not len(known.labeled) or not len(open_):
        return None
    fields = {"classifier": "classifier", "trainer": "pseudo_labels"}
    curves = {
        fields[name]: _curve(found[open_], truth[open_], known, trained.pool.multilabel)
        for name, found in class_beliefs(trained, trainer).items()
    }
    if not curves:
        return None
    return LabelPrecision(pairs=len(open_), coverages=list(COVERAGES), **curves)


def class_beliefs(trained: Trained, trainer: object) -> dict[str, FloatArray]:
    """Class probabilities `[n, c]` of all pairs of `trained.pool`, by who gives them.

    `classifier` is the model, `trainer` the trainer; who gives none is left out. Raises
    EmbeddingError for beliefs that are not of this pool.
    """
    sources = {
        "classifier": _classifier(trained.embeddings),
        "trainer": _beliefs(trainer, trained.model, trained.pool),
    }
    return {name: found for name, found in sources.items() if found is not None}


def _classifier(embeddings: PairEmbeddings) -> FloatArray | None:
    if embeddings.a.probabilities is None or embeddings.b.probabilities is None:
        return None
    return embeddings.unified_probabilities()


def _beliefs(trainer: object, model: Model, pool: Pool) -> FloatArray | None:
    if not isinstance(trainer, BelievingTrainer):
        return None
    beliefs = trainer.pool_beliefs(model, pool)
    wanted = (len(pool), len(pool.class_names))
    if beliefs is not None and (beliefs.shape != wanted or not np.isfinite(beliefs).all()):
        raise EmbeddingError(
            f"{type(trainer).__name__}.pool_beliefs gave an array of shape {beliefs.shape}, wanted "
            f"finite class probabilities {wanted}; return one row a pair of the pool"
        )
    return beliefs


def _curve(
    probabilities: FloatArray, truth: NDArray[np.uint8], known: LabelState, multilabel: bool
) -> list[float]:
    prior = class_prior(known, multilabel=multilabel)
    labels = decide(probabilities, prior, multilabel=multilabel)
    precision = precision_coverage(labels, least_sure(probabilities, labels), truth)
    return [round(value, 5) for value in precision.tolist()]
