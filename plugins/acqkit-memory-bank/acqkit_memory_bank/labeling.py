"""Pseudo-labels from the embeddings of any model."""

from __future__ import annotations

import numpy as np

from acqkit.campaign.embed import embed_pool
from acqkit.embeddings import (
    DEFAULT_BLOCK_SIZE,
    BoolArray,
    FloatArray,
    ModalityEmbeddings,
    PairEmbeddings,
)
from acqkit.errors import EmbeddingError, PoolError
from acqkit.interfaces import Model, Pool
from acqkit.metrics import FLOOR, class_prior, decide, least_sure
from acqkit.neighbors import unit
from acqkit.pool import PairPool
from acqkit_memory_bank.bank import MemoryBank, Sides
from acqkit_memory_bank.beliefs import Aggregation, Beliefs, cosine
from acqkit_memory_bank.labels import PseudoLabels
from acqkit_memory_bank.neighbors import Weights
from acqkit_memory_bank.opinion_pool import geometric_mean

AGGREGATION = Aggregation(spread=0.8, alignment=0, sharpening=1, unseen=False)
"""For trained models: labels spread further than in training, and are not sharpened; a table names
classes that somebody has given."""

_DOUBT = 0.03
"""Share of each source that is spread evenly over the classes before both are pooled."""
_TINY = np.float32(1e-6)


def label_pool(
    model: Model,
    pool: PairPool,
    aggregation: Aggregation = AGGREGATION,
    *,
    floor: float = FLOOR,
    block_size: int = DEFAULT_BLOCK_SIZE,
    device: str = "cpu",
) -> PseudoLabels:
    """Embed `pool` with a fitted `model`, `block_size` pairs at a time; see `pseudo_labels`.

    floor: the least probability of a pseudo-label.
    """
    embeddings = embed_pool(model, pool, block_size)
    return pseudo_labels(embeddings, pool, aggregation, floor=floor, device=device)


def pseudo_labels(
    embeddings: PairEmbeddings,
    pool: Pool,
    aggregation: Aggregation = AGGREGATION,
    *,
    floor: float = FLOOR,
    device: str = "cpu",
) -> PseudoLabels:
    """Labels for every pair of `pool`, from its known ones and any model's `embeddings`.

    The probabilities of a pair are the geometric mean (`geometric_mean`) of two sources: label
    propagation in a memory of all pairs, and the model's classifier, its two modalities
    weighted by their agreement with the propagated labels. Where no label reaches a pair, those
    of the classifier alone; where the model has none, those of the memory; where there is
    neither, the labels' class frequencies. `decide` then makes labels of them, with `floor`.

    embeddings: of the whole pool, row = position. device: where neighbors are searched.

    Raises PoolError without any label, EmbeddingError for embeddings of other pairs.
    """
    n = len(pool)
    if not np.array_equal(embeddings.positions, np.arange(n)):
        raise EmbeddingError(
            f"pseudo-labels need embeddings of all {n} pairs, row = position, got "
            f"{len(embeddings)} of them; use label_pool, or embed the pool as a whole"
        )
    known = pool.labels.labeled
    if not len(known):
        raise PoolError(
            f"pool {pool.name!r} has no labeled pair, and pseudo-labels come from labels; label "
            "some pairs first"
        )
    prior = class_prior(pool.labels, multilabel=pool.multilabel)
    present = _present(embeddings)
    sides = (embeddings.a.probabilities, embeddings.b.probabilities)
    own = None if sides[0] is None or sides[1] is None else (sides[0], sides[1])
    beliefs = _memory_beliefs(embeddings, pool, present, own, aggregation, device)
    probabilities = np.tile(prior / (1 if pool.multilabel else prior.sum()), (n, 1))
    agreement = np.ones(n, dtype=np.float32)
    if own is not None:
        both = present.all(axis=0)
        agreement[both] = cosine(own[0][both], own[1][both])
        some = present.any(axis=0)
        probabilities[some] = _classifier(own, present, beliefs.weights)[some]
    reached = beliefs.reach > 0
    rows, found = beliefs.positions[reached], beliefs.probabilities[reached]
    if own is not None:
        sources = (found, probabilities[rows])
        found = geometric_mean(sources, multilabel=pool.multilabel, doubt=_DOUBT)
    probabilities[rows] = found
    return _decided(pool, probabilities, agreement, prior, floor)


def _decided(
    pool: Pool, probabilities: FloatArray, agreement: FloatArray, prior: FloatArray, floor: float
) -> PseudoLabels:
    """The table, with the known labels in place of pseudo-labels."""
    labeled = np.zeros(len(pool), dtype=bool)
    labeled[pool.labels.labeled] = True
    probabilities[labeled] = pool.labels.matrix[labeled]
    labels = pool.labels.matrix.copy()
    labels[~labeled] = decide(
        probabilities[~labeled], prior, multilabel=pool.multilabel, floor=floor
    )
    confidence = np.where(labeled, np.float32(1), least_sure(probabilities, labels))
    return PseudoLabels(
        pool.ids,
        np.arange(len(pool)),
        tuple(pool.class_names),
        probabilities,
        labels,
        confidence,
        agreement,
        labeled,
    )


def _memory_beliefs(
    embeddings: PairEmbeddings,
    pool: Pool,
    present: BoolArray,
    own: Sides | None,
    aggregation: Aggregation,
    device: str,
) -> Beliefs:
    """Beliefs of a memory of the whole pool, its modalities weighted by their reliability."""
    content = embeddings.content()
    features = tuple(_features(s, p) for s, p in zip(content.sides, present, strict=True))
    n, classes = pool.labels.matrix.shape
    bank = MemoryBank(pool.labels, content.dim, multilabel=pool.multilabel, momentum=0, capacity=n)
    nothing = np.zeros((n, classes), dtype=np.float32)
    bank.update(np.arange(n), (features[0], features[1]), own or (nothing, nothing))
    beliefs = aggregation.beliefs(bank, device=device)
    if own is None:
        return beliefs
    return aggregation.beliefs(bank, beliefs.weights, device)


def _present(embeddings: PairEmbeddings) -> BoolArray:
    masks = [
        np.ones(len(embeddings), dtype=bool) if side.present is None else side.present
        for side in embeddings.sides
    ]
    return np.stack(masks)


def _features(side: ModalityEmbeddings, present: BoolArray) -> FloatArray:
    return np.where(present[:, None], unit(side.mean), np.float32(0))


def _classifier(own: Sides, present: BoolArray, weights: Weights) -> FloatArray:
    """The classifier's probabilities `[n, c]`, a weighted mean over the modalities present."""
    # Not 0, so that a modality of weight 0 still counts where it is the only one.
    share = np.maximum(np.asarray(weights, dtype=np.float32), _TINY)[:, None] * present
    share /= np.maximum(share.sum(axis=0), _TINY)
    mixed: FloatArray = share[0][:, None] * own[0] + share[1][:, None] * own[1]
    return mixed
