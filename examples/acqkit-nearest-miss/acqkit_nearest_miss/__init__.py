"""The scorer `nearest-miss`: pairs about as near to labels of one kind as to labels of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import acqkit


class NearestMiss(acqkit.Component):
    """How close the nearest miss comes to the nearest hit, from −2 to 0.

    The hit is the labeled pair most similar to this one (cosine of the unified means), a miss
    is a labeled pair that shares no label with the hit. Near 0, the labels known so far do
    not tell on which side of a border the pair lies. Asks for no classifier: any model that
    embeds will do. Hits and misses as in Relief (Kira and Rendell, 1992).
    """

    def score(
        self, block: acqkit.PairEmbeddings, context: acqkit.RoundContext
    ) -> NDArray[np.float32]:
        """Scores `[len(block)]`; all alike while no label is known."""
        matrix = context.pool.labels.matrix
        known = np.flatnonzero(matrix.any(axis=1))
        if not len(known):
            return np.zeros(len(block), np.float32)
        similarity = _directions(block) @ _directions(context.embeddings.take(known)).T
        shared = matrix[known].astype(np.float32) @ matrix[known].T
        miss = shared[similarity.argmax(axis=1)] == 0
        best_miss = np.where(miss, similarity, np.float32(-1)).max(axis=1)
        return np.asarray(best_miss - similarity.max(axis=1))


def _directions(pairs: acqkit.PairEmbeddings) -> NDArray[np.float32]:
    mean = pairs.unified_mean()
    lengths = np.linalg.norm(mean, axis=1, keepdims=True)
    return np.asarray(mean / np.maximum(lengths, np.float32(1e-12)))


@acqkit.hookimpl
def acqkit_register_scorers() -> dict[str, type[acqkit.Component]]:
    """What this plugin offers, by name."""
    return {"nearest-miss": NearestMiss}
