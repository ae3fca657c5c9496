"""How good a trained model is on pairs that it has not seen, and what a metric may look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import Float64Array, IntArray, PairEmbeddings

HEADLINE_DEPTH = 50
"""The k of MAP@k that is always computed, the one of the literature on cross-modal retrieval."""


@dataclass(frozen=True, eq=False, slots=True)
class QueryScores:
    """What is known of each of `q` queries, ranked among the whole gallery.

    rows `[q]` says which of the pairs the queries are; relevant `[q]` counts relevant items in
    the gallery; own_rank `[q]` is the rank of the query's own pair from 1 on, 0 where it is not in
    the gallery. ap and ndcg `[q, 1 + k]` are of the whole ranking first, then of the first items up
    to each of `depths`; 0 where nothing is relevant.
    """

    rows: IntArray
    relevant: IntArray
    own_rank: IntArray
    depths: tuple[int, ...]
    ap: Float64Array
    ndcg: Float64Array


@dataclass(frozen=True, slots=True)
class DirectionScores:
    """Queries of one modality against the gallery of the other; every score is in [0, 1].

    `queries` counts those with anything relevant in the gallery, over which `map`, `map_at`,
    `ndcg` and `ndcg_at` are means; `recall_at` is a mean over queries whose own pair is in
    the gallery (0 if there is none).
    """

    queries: int
    map: float
    ndcg: float
    map_at: dict[int, float]
    ndcg_at: dict[int, float]
    recall_at: dict[int, float]
    by_query: QueryScores


@dataclass(frozen=True, slots=True)
class RetrievalScores:
    """Both directions, and their means as headline figures; every score is from 0 to 1."""

    ab: DirectionScores
    ba: DirectionScores

    @property
    def map_ab(self) -> float:
        """MAP of queries of modality a, from 0 to 1."""
        return self.ab.map

    @property
    def map_ba(self) -> float:
        """MAP of queries of modality b, from 0 to 1."""
        return self.ba.map

    @property
    def map(self) -> float:
        """Mean of both directions' MAP, from 0 to 1."""
        return (self.ab.map + self.ba.map) / 2

    @property
    def map50(self) -> float:
        """Mean of both directions' MAP@50, from 0 to 1."""
        return self.map_at(HEADLINE_DEPTH)

    @property
    def ndcg(self) -> float:
        """Mean of both directions' nDCG over the whole ranking, from 0 to 1."""
        return (self.ab.ndcg + self.ba.ndcg) / 2

    def map_at(self, k: int) -> float:
        """Mean of both directions' MAP@k, from 0 to 1; `k` is 50 or one of the `ks` asked for."""
        return (self.ab.map_at[k] + self.ba.map_at[k]) / 2

    def ndcg_at(self, k: int) -> float:
        """Mean of both directions' nDCG@k, from 0 to 1; `k` is 50 or one of the `ks` asked for."""
        return (self.ab.ndcg_at[k] + self.ba.ndcg_at[k]) / 2

    def recall_at(self, k: int) -> float:
        """Mean of both directions' R@k, from 0 to 1; `k` is 1, 5 or 10."""
        return (self.ab.recall_at[k] + self.ba.recall_at[k]) / 2


@dataclass(frozen=True, eq=False, slots=True)
class Evaluation:
    """A model on `n` test pairs, each modality's queries against the whole gallery of the other.

    embeddings of these pairs; labels `[n, c]` 0/1, the truth; scores of their rankings, worked out
    once for all metrics.
    """

    embeddings: PairEmbeddings
    labels: NDArray[np.uint8]
    scores: RetrievalScores


@runtime_checkable
class Metric(Protocol):
    """One figure of a model after a round, on the test pairs.

    A class may also say `title`, how people are shown its name (`{a}` and `{b}` stand for the
    modalities), and `higher_is_better = False`.
    """

    def measure(self, evaluation: Evaluation) -> float | None:
        """The figure, finite; None where it cannot be measured, say without probabilities."""
        ...
