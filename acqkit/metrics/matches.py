"""The best matches of a few queries, ranked as `evaluate_retrieval` ranks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import IntArray
from acqkit.metrics.ranking import SIMILARITY_BITS
from acqkit.metrics.retrieval import unit_rows


def best_matches(queries: NDArray[np.float32], gallery: NDArray[np.float32], k: int) -> IntArray:
    """Rows `[q, min(k, m)]` of a gallery `[m, d]`, the most similar to each query `[q, d]` first.

    Similarity is the cosine, rounded to 2^-30; of equally similar rows the first comes first.
    """
    cosines = (unit_rows(queries) @ unit_rows(gallery).T).numpy()
    rounded = np.rint(cosines * float(1 << SIMILARITY_BITS))
    return np.argsort(-rounded, axis=1, kind="stable")[:, :k]
