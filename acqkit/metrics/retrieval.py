"""Cross-modal retrieval scores: MAP, MAP@k, R@k and nDCG in both directions.

Everything is computed block by block, queries by gallery, so that memory does not grow
with their product. A block is one matrix product; each of its rows is then ranked by one
sort of 64-bit keys that hold similarity, place in the gallery and gain together, which is
faster than an argsort followed by a gather and breaks ties by place.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from acqkit.embeddings import BoolArray, IntArray
from acqkit.errors import EmbeddingError, PoolError

RECALL_DEPTHS = (1, 5, 10)

_HEADLINE_DEPTH = 50
_BLOCK_ELEMENTS = 2_000_000
"""Similarities in memory at once, at about 30 bytes each."""
_CHUNK_ROWS = 64
"""Rows ranked by one thread at a time."""
_SIMILARITY_BITS = 30
"""Of a similarity's fraction; 32 bits of a key are left for place and gain."""
_TINY = np.finfo(np.float64).tiny

Floats = NDArray[np.float64]


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


@dataclass(frozen=True, slots=True)
class RetrievalScores:
    """Both directions, and their means as headline figures."""

    ab: DirectionScores
    ba: DirectionScores

    @property
    def map_ab(self) -> float:
        """MAP of queries of modality a."""
        return self.ab.map

    @property
    def map_ba(self) -> float:
        """MAP of queries of modality b."""
        return self.ba.map

    @property
    def map(self) -> float:
        """Mean of both directions' MAP."""
        return (self.ab.map + self.ba.map) / 2

    @property
    def map50(self) -> float:
        """Mean of both directions' MAP@50."""
        return self.map_at(_HEADLINE_DEPTH)

    @property
    def ndcg(self) -> float:
        """Mean of both directions' nDCG over the whole ranking."""
        return (self.ab.ndcg + self.ba.ndcg) / 2

    def map_at(self, k: int) -> float:
        """Mean of both directions' MAP@k; `k` is 50 or one of the `ks` asked for."""
        return (self.ab.map_at[k] + self.ba.map_at[k]) / 2

    def ndcg_at(self, k: int) -> float:
        """Mean of both directions' nDCG@k; `k` is 50 or one of the `ks` asked for."""
        return (self.ab.ndcg_at[k] + self.ba.ndcg_at[k]) / 2

    def recall_at(self, k: int) -> float:
        """Mean of both directions' R@k; `k` is 1, 5 or 10."""
        return (self.ab.recall_at[k] + self.ba.recall_at[k]) / 2


def evaluate_retrieval(
    a: ArrayLike,
    b: ArrayLike,
    labels: ArrayLike,
    *,
    ks: Sequence[int] = (_HEADLINE_DEPTH,),
    block: int | None = None,
    present_a: BoolArray | None = None,
    present_b: BoolArray | None = None,
) -> RetrievalScores:
    """Retrieval scores of `n` pairs, each modality's queries against all of the other's.

    a, b `[n, d]` embeddings of the pairs in one space; labels `[n, c]` 0/1; `present_a`,
    `present_b` `[n]` masks of the pairs that have the modality, others are neither query
    nor gallery there. `block` queries are ranked at once (default: by memory, so that
    20,000 x 20,000 takes about 250 MiB); it does not change scores.

    Similarity is the cosine (0 to an embedding that is zero) in float64, rounded to 2^-30;
    pairs equally similar are ranked in the order of the gallery. The gallery includes the
    query's own pair. Relevant is what shares a label with the query.

    - AP = mean over relevant items of (relevant items up to it / its rank).
    - AP@k = the same over the relevant items within the first k, divided by *their* number
      (0 if there is none), as the cross-modal retrieval literature does.
    - R@k = share of queries whose own pair is within the first k.
    - nDCG: gain is the number of shared labels, discount log2(1 + rank) (Järvelin and
      Kekäläinen 2002 with the usual discount from rank 1).

    Queries without anything relevant in the gallery are left out of the means of AP and
    nDCG. MAP@50 is always computed, whatever `ks` are.

    Raises EmbeddingError for shapes that do not fit or values that are not finite, PoolError
    for labels that are not 0/1 or when no query of a direction has anything relevant.
    """
    arrays = (_embeddings("a", a), _embeddings("b", b))
    n = len(arrays[0])
    if arrays[0].shape != arrays[1].shape:
        raise EmbeddingError(
            f"a and b must be [n, d] of the same pairs in one space, got {arrays[0].shape} and "
            f"{arrays[1].shape}"
        )
    matrix = _label_matrix(labels, n)
    depths = tuple(sorted({_HEADLINE_DEPTH, *ks}))
    if depths[0] < 1 or (block is not None and block < 1):
        raise EmbeddingError(f"ks and block must be at least 1, got {ks} and {block}")
    positions = (_present("present_a", present_a, n), _present("present_b", present_b, n))
    side_a, side_b = (
        _Side(_unit(array[rows]), torch.from_numpy(matrix[rows]), rows)
        for array, rows in zip(arrays, positions, strict=True)
    )
    return RetrievalScores(
        ab=_evaluate_direction(side_a, side_b, depths, block),
        ba=_evaluate_direction(side_b, side_a, depths, block),
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """The present pairs of one modality: unit rows `[n, d]`, labels `[n, c]`, positions `[n]`."""

    unit: torch.Tensor
    labels: torch.Tensor
    positions: IntArray


@dataclass(frozen=True, slots=True)
class _Tables:
    """What depends on ranks alone; index r is rank r + 1. `depths` begin with the whole gallery.

    `ideal[m]` `[n + 1]` is the DCG of m items of gain 1 at the top.
    """

    depths: tuple[int, ...]
    inverse_rank: Floats
    discount: Floats
    ideal: Floats

    @classmethod
    def build(cls, n: int, ks: tuple[int, ...]) -> _Tables:
        ranks = np.arange(1, n + 1)
        discount = 1 / np.log2(1 + ranks)
        ideal = np.concatenate([[0.0], np.cumsum(discount)])
        return cls((n, *ks), 1 / ranks, discount, ideal)


def _evaluate_direction(
    queries: _Side, gallery: _Side, ks: tuple[int, ...], block: int | None
) -> DirectionScores:
    n = len(gallery.positions)
    tables = _Tables.build(n, ks)
    partners = _partners(queries.positions, gallery.positions)
    gain_bits = int(queries.labels.sum(dim=1).max()).bit_length()
    rows = block or max(1, _BLOCK_ELEMENTS // n)
    found: list[Floats] = []
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        for start in range(0, len(partners), rows):
            part = slice(start, start + rows)
            cosine = (queries.unit[part] @ gallery.unit.T).numpy()
            gain = (queries.labels[part] @ gallery.labels.T).numpy()
            score = functools.partial(_score_chunk, cosine, gain, partners[part], gain_bits, tables)
            found += threads.map(score, range(0, len(cosine), _CHUNK_ROWS))
    return _mean_scores(np.concatenate(found), ks)


def _partners(queries: IntArray, gallery: IntArray) -> IntArray:
    """Place of each query's own pair in the gallery `[q]`, -1 where it is not there."""
    places = np.minimum(np.searchsorted(gallery, queries), len(gallery) - 1)
    return np.where(gallery[places] == queries, places, -1)


def _score_chunk(
    cosine: Floats,
    gain: NDArray[np.float32],
    partners: IntArray,
    gain_bits: int,
    tables: _Tables,
    start: int,
) -> Floats:
    rows = slice(start, start + _CHUNK_ROWS)
    keys = _ranking_keys(cosine[rows], gain[rows], gain_bits)
    places = partners[rows]
    own = keys[np.arange(len(keys)), places]
    own_rank = np.where(places < 0, 0, 1 + np.count_nonzero(keys < own[:, None], axis=1))
    keys.sort(axis=1)
    keys &= (1 << gain_bits) - 1
    return _score_rankings(keys, own_rank, tables)


def _ranking_keys(cosine: Floats, gain: NDArray[np.float32], gain_bits: int) -> IntArray:
    """Keys `[r, n]` whose ascending order is the ranking.

    From the highest bits: negated similarity (32 bits), place in the gallery, gain. Places
    make all keys of a row differ, so the gain never decides; it is only carried along.
    """
    n = cosine.shape[1]
    keys = np.rint(cosine * -float(1 << _SIMILARITY_BITS)).astype(np.int64)
    keys <<= n.bit_length() + gain_bits
    keys += np.arange(n) << gain_bits
    keys += gain.astype(np.int64)
    return keys


def _score_rankings(gain: IntArray, own_rank: IntArray, tables: _Tables) -> Floats:
    """Columns: number of relevant items, rank of the own pair, AP of each depth, nDCG of each.

    gain `[r, n]` is in ranking order; own_rank `[r]` is 0 where the own pair is not in the
    gallery.
    """
    relevant = gain > 0
    count = np.cumsum(relevant, axis=1, dtype=np.int32)
    precision = count * tables.inverse_rank
    precision *= relevant
    levels = range(1, int(gain.max()) + 1)
    at_least = np.array([np.count_nonzero(gain >= level, axis=1) for level in levels], dtype=int)
    ap, ndcg = [], []
    for depth in tables.depths:
        last = min(depth, gain.shape[1])
        ap.append(precision[:, :last].sum(axis=1) / np.maximum(count[:, last - 1], 1))
        # The best ranking has the items of the highest gain first; gain g is g items of gain 1.
        best = tables.ideal[np.minimum(at_least, last)].sum(axis=0)
        dcg = gain[:, :last] @ tables.discount[:last]
        # Both are sums of the same numbers in another order: rounding must not exceed 1.
        ndcg.append(np.minimum(dcg / np.maximum(best, tables.discount[0]), 1.0))
    return np.stack([count[:, -1], own_rank, *ap, *ndcg], axis=1)


def _mean_scores(rows: Floats, ks: tuple[int, ...]) -> DirectionScores:
    answerable = rows[rows[:, 0] > 0]
    if not len(answerable):
        raise PoolError(
            "no pair to evaluate shares a label with any pair of the other modality; "
            "give the test pairs labels"
        )
    ranks = rows[rows[:, 1] > 0, 1]
    means = answerable[:, 2:].mean(axis=0).tolist()
    ap, ndcg = means[: 1 + len(ks)], means[1 + len(ks) :]
    return DirectionScores(
        queries=len(answerable),
        map=ap[0],
        ndcg=ndcg[0],
        map_at=dict(zip(ks, ap[1:], strict=True)),
        ndcg_at=dict(zip(ks, ndcg[1:], strict=True)),
        recall_at={
            k: float(np.count_nonzero(ranks <= k) / max(len(ranks), 1)) for k in RECALL_DEPTHS
        },
    )


def _unit(rows: NDArray[Any]) -> torch.Tensor:
    """Rows scaled to length 1 in float64, `[n, d]`; rows of zeros stay so."""
    values = torch.from_numpy(rows.astype(np.float64))
    # By the largest value first, so that no square overflows or vanishes.
    values = values / values.abs().amax(dim=1, keepdim=True).clamp_min(_TINY)
    unit: torch.Tensor = values / values.norm(dim=1, keepdim=True).clamp_min(_TINY)
    return unit


def _embeddings(name: str, values: ArrayLike) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim != 2 or 0 in array.shape:
        raise EmbeddingError(f"{name} has shape {array.shape}, wanted [n, d] of at least one pair")
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        raise EmbeddingError(
            f"{name} has NaN or infinite values, first in row {int(np.argmin(finite))}"
        )
    return array


def _label_matrix(labels: ArrayLike, n: int) -> NDArray[np.float32]:
    array = np.asarray(labels)
    if array.ndim != 2 or len(array) != n:
        raise PoolError(f"labels have shape {array.shape}, wanted [{n}, classes]")
    valid = ((array == 0) | (array == 1)).all(axis=1)
    if not valid.all():
        raise PoolError(f"labels are not 0/1, first in row {int(np.argmin(valid))}")
    return array.astype(np.float32)


def _present(name: str, mask: BoolArray | None, n: int) -> IntArray:
    if mask is None:
        return np.arange(n)
    if np.shape(mask) != (n,):
        raise EmbeddingError(f"{name} has shape {np.shape(mask)}, wanted ({n},)")
    positions = np.flatnonzero(mask)
    if not len(positions):
        raise EmbeddingError(f"{name} has no pair, so there is nothing to retrieve")
    return positions
