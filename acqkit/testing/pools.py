"""Small synthetic pools, embeddings and contexts for tests."""

from __future__ import annotations

import numpy as np

from acqkit.embeddings import LinearClassifier, ModalityEmbeddings, PairEmbeddings
from acqkit.interfaces import Model, Pool, RoundContext
from acqkit.labels import LabelState
from acqkit.pool import PairPool
from acqkit.pool.features import ArrayFeatures
from acqkit.testing.model import class_probabilities


def make_pool(
    n: int = 200,
    classes: int = 4,
    *,
    multilabel: bool = False,
    labeled: int = 0,
    dims: tuple[int, int] = (8, 6),
    test_share: float = 0.0,
    seed: int = 0,
) -> PairPool:
    """A pool of Gaussian clusters, one per class, seen by two noisy linear modalities.

    `labeled` pairs, spread over the pool, are already labeled in round 0. `test_share` is the
    share of test pairs, from 0 to below 1.
    """
    rng = np.random.default_rng(seed)
    primary = rng.integers(classes, size=n)
    truth = np.eye(classes, dtype=np.uint8)[primary]
    if multilabel:
        truth[rng.random((n, classes)) < 0.15] = 1
    latent = truth + 0.3 * rng.standard_normal((n, classes))
    sides = []
    for dim in dims:
        noise = 0.2 * rng.standard_normal((n, dim))
        features = latent @ rng.standard_normal((classes, dim)) + noise
        sides.append(ArrayFeatures(features.astype(np.float32)))
    known = LabelState.empty(n, classes)
    if labeled:
        positions = np.sort(rng.permutation(n)[:labeled])
        known = known.with_answers(positions, truth[positions], 0)
    test = None
    if test_share:
        test = np.zeros(n, dtype=bool)
        test[rng.permutation(n)[: round(n * test_share)]] = True
    return PairPool(
        features=(sides[0], sides[1]),
        class_names=tuple(f"class{c}" for c in range(classes)),
        name="synthetic",
        modalities=("image", "text"),
        multilabel=multilabel,
        truth=truth,
        known=known,
        test=test,
    )


def make_embeddings(
    pool: PairPool,
    dim: int = 5,
    *,
    variance: bool = True,
    probabilities: bool = True,
    seed: int = 0,
) -> PairEmbeddings:
    """Embeddings of every pair by random linear maps, with a random linear classifier."""
    rng = np.random.default_rng(seed)
    n, c = len(pool), len(pool.class_names)
    batch = pool.batch(np.arange(n))
    classifier = LinearClassifier(
        rng.standard_normal((c, dim)).astype(np.float32),
        rng.standard_normal(c).astype(np.float32),
    )
    sides = []
    for inputs, present in ((batch.a, batch.present_a), (batch.b, batch.present_b)):
        projection = rng.standard_normal((inputs.shape[1], dim)) / np.sqrt(inputs.shape[1])
        mean = (inputs @ projection).astype(np.float32)
        logits = mean @ classifier.weight.T + classifier.bias
        sides.append(
            ModalityEmbeddings(
                mean,
                rng.uniform(0.1, 1.0, (n, dim)).astype(np.float32) if variance else None,
                class_probabilities(logits, pool.multilabel) if probabilities else None,
                present,
            )
        )
    return PairEmbeddings(
        sides[0],
        sides[1],
        np.arange(n),
        pool.multilabel,
        classifier if probabilities else None,
    )


def make_context(
    pool: Pool,
    embeddings: PairEmbeddings,
    *,
    round: int = 1,
    seed: int = 0,
    model: Model | None = None,
    block_size: int = 64,
) -> RoundContext:
    """The context of one round in which every unlabeled pair is a candidate."""
    return RoundContext(
        round, seed, pool, embeddings, pool.labels.unlabeled, model, block_size=block_size
    )
