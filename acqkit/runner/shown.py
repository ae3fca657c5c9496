"""A few queries with their best matches, for people to see what retrieval finds."""

from __future__ import annotations

import numpy as np

from acqkit.embeddings import IntArray
from acqkit.interfaces import Evaluation
from acqkit.metrics.matches import best_matches
from acqkit.pool import PairPool
from acqkit.randomness import derive_seed, pair_keys
from acqkit.runs import Retrieval, Retrieved

QUERIES = 4
"""Queries shown in each direction."""

BEST = 5
"""Matches shown of each query."""


def shown_queries(evaluation: Evaluation, pool: PairPool, positions: IntArray) -> Retrieval:
    """The best matches of some of the evaluated pairs, which are at `positions` `[e]` in the pool.

    Which ones are queries depends on their ids alone, so they are the same in every round, seed
    and strategy. Right is what shares a label with the query.
    """
    order = np.argsort(pair_keys(pool.id_keys()[positions], derive_seed(0, 0, "shown queries")))
    a, b = evaluation.embeddings.sides
    everywhere = np.ones(len(positions), dtype=bool)
    there = [everywhere if side.present is None else side.present for side in (a, b)]
    labels, ids = evaluation.labels, pool.ids[positions]

    def direction(of: int) -> list[Retrieved]:
        asked = order[there[of][order]][:QUERIES]
        gallery = np.flatnonzero(there[1 - of])
        means = (a.mean, b.mean)
        matches = best_matches(means[of][asked], means[1 - of][gallery], BEST)
        return [
            Retrieved(
                query=ids[[query]].tolist()[0],
                found=ids[gallery[rows]].tolist(),
                right=(labels[gallery[rows]] & labels[query]).any(axis=1).tolist(),
            )
            for query, rows in zip(asked.tolist(), matches, strict=True)
        ]

    return Retrieval(ab=direction(0), ba=direction(1))
