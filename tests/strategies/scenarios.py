"""Contexts over given unified means, for tests of strategies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from acqkit.embeddings import FloatArray, ModalityEmbeddings, PairEmbeddings
from acqkit.interfaces import PairBatch, Pool, RoundContext
from acqkit.testing import make_context, make_pool


def context_of(
    means: FloatArray,
    *,
    labeled: Sequence[int] = (),
    waiting: Sequence[int] = (),
    probabilities: FloatArray | None = None,
    multilabel: bool = False,
    classes: int = 4,
    seed: int = 0,
) -> RoundContext:
    """Pairs whose two modalities agree, some labeled, some asked for and not yet answered."""
    n = len(means)
    pool = make_pool(n, classes, multilabel=multilabel)
    assert pool.truth is not None
    known = np.array(labeled, dtype=np.int64)
    pool = pool.with_labels(pool.labels.with_answers(known, pool.truth[known], 0))
    given = None if probabilities is None else probabilities.astype(np.float32)
    side = ModalityEmbeddings(means.astype(np.float32), None, given)
    embeddings = PairEmbeddings(side, side, np.arange(n), multilabel)
    context = make_context(pool, embeddings, seed=seed)
    return replace(context, candidates=np.setdiff1d(pool.labels.unlabeled, waiting))


def blobs(n: int, k: int, d: int = 6, seed: int = 0) -> FloatArray:
    """Points around `k` centers, of unequal shares."""
    rng = np.random.default_rng(seed)
    share = np.arange(1, k + 1) / np.arange(1, k + 1).sum()
    centers = 3 * rng.standard_normal((k, d))
    x = centers[rng.choice(k, size=n, p=share)] + 0.5 * rng.standard_normal((n, d))
    return np.asarray(x, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class ScriptedModel:
    """A fitted model whose stochastic passes `[S, n, c]` are given."""

    passes: FloatArray

    def fit(self, pool: Pool, seed: int) -> None:
        """Nothing to learn."""

    def embed(self, batch: PairBatch) -> PairEmbeddings:
        """Never asked for: contexts hold the embeddings."""
        raise AssertionError("selection does not embed")

    def sample_probabilities(self, batch: PairBatch, n_samples: int, seed: int) -> FloatArray:
        """The passes of the batch's pairs."""
        assert n_samples == len(self.passes)
        return self.passes[:, batch.positions]
