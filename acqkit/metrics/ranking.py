"""Rankings of a gallery for every query, and what depends on them: AP, nDCG and own ranks.

Queries are ranked block by block, so that memory does not grow with queries times gallery.
A block is one matrix product in float64; each of its rows is then ranked by sorting 64-bit keys
that hold similarity, place in the gallery and gain together, so that nothing is gathered
afterwards and ties are broken by place.
"""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

from acqkit.embeddings import Float64Array, FloatArray, IntArray
from acqkit.interfaces import QueryScores
from acqkit.metrics.device_ranking import Ranked, rank_on_device

_BLOCK_ELEMENTS = 2_000_000
"""Similarities in memory at once, at about 20 bytes each."""
_CHUNK_ELEMENTS = 64_000
"""Similarities ranked by one thread at a time: half a MiB of keys, which stays in its cache."""
SIMILARITY_BITS = 30
"""Of a similarity's fraction: finer than float32 embeddings are, coarser than rounding errors
of the product, so that duplicates tie. 32 bits of a key are left for place and gain."""
_PLACE_AND_GAIN_BITS = 32
_TO_INTEGER = 1.5 * 2.0**52
"""Added to a float64 below 2^51, it leaves the nearest integer in the lowest bits."""


@dataclass(frozen=True, slots=True)
class Side:
    """The present pairs of one modality: unit rows `[n, d]`, labels `[n, c]`, positions `[n]`."""

    unit: torch.Tensor
    labels: torch.Tensor
    positions: IntArray


def rank_queries(
    queries: Side,
    gallery: Side,
    depths: tuple[int, ...],
    block: int | None,
    device: str = "cpu",
) -> QueryScores:
    """Scores of each query, ranked among the gallery; `block` queries at once.

    AP and nDCG are cut at the whole gallery and at each of `depths`. On a `device` other than
    `cpu`, torch ranks, so many queries at once as memory suits.
    """
    n = len(gallery.positions)
    partners = _partners(queries.positions, gallery.positions)
    gain_bits = int(queries.labels.sum(dim=1).max()).bit_length()
    ranker = _Ranker.build(n, (n, *depths), gain_bits)
    # A power of two changes no digit of the product; negated, the most similar item is the first.
    scaled = queries.unit * -float(1 << SIMILARITY_BITS)
    if device == "cpu":
        found = _rank_in_threads(ranker, scaled, queries, gallery, partners, block)
    else:
        labels = queries.labels, gallery.labels
        ranked = rank_on_device(
            scaled, gallery.unit, labels, partners, (n, *depths), gain_bits, device
        )
        found = list(ranked)
    relevant, own_rank, ap, dcg = (np.concatenate(parts) for parts in zip(*found, strict=True))
    # Both are sums of the same numbers in another order: rounding must not exceed 1.
    ndcg = np.minimum(dcg / np.maximum(_ideal_dcg(queries, gallery, ranker), 1.0), 1.0)
    return QueryScores(queries.positions, relevant, own_rank, depths, ap, ndcg)


def _rank_in_threads(
    ranker: _Ranker,
    scaled: torch.Tensor,
    queries: Side,
    gallery: Side,
    partners: IntArray,
    block: int | None,
) -> list[Ranked]:
    """Scores of the queries, some rows after the other."""
    n = len(gallery.positions)
    at_block = block or max(1, _BLOCK_ELEMENTS // n)
    at_chunk = max(1, _CHUNK_ELEMENTS // n)
    found: list[Ranked] = []
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        for start in range(0, len(partners), at_block):
            part = slice(start, start + at_block)
            similarity = (scaled[part] @ gallery.unit.T).numpy()
            gain = (queries.labels[part] @ gallery.labels.T).numpy()
            score = functools.partial(ranker.score, similarity, gain, partners[part], at_chunk)
            found += threads.map(score, range(0, len(similarity), at_chunk))
    return found


def _partners(queries: IntArray, gallery: IntArray) -> IntArray:
    """Place of each query's own pair in the gallery `[q]`, -1 where it is not there."""
    places = np.minimum(np.searchsorted(gallery, queries), len(gallery) - 1)
    return np.where(gallery[places] == queries, places, -1)


@dataclass(frozen=True, slots=True)
class _Ranker:
    """What all queries share; index r of a table is rank r + 1.

    `carried` `[n]` is the lower part of a key: the place in the gallery, room for the gain.
    """

    depths: tuple[int, ...]
    gain_bits: int
    carried: IntArray
    inverse_rank: Float64Array
    discount: Float64Array

    @classmethod
    def build(cls, n: int, depths: tuple[int, ...], gain_bits: int) -> _Ranker:
        ranks = np.arange(1, n + 1)
        return cls(
            depths,
            gain_bits,
            np.arange(n) << gain_bits,
            1 / ranks,
            1 / np.log2(1 + ranks),
        )

    def score(
        self, similarity: Float64Array, gain: FloatArray, partners: IntArray, rows: int, start: int
    ) -> tuple[IntArray, IntArray, Float64Array, Float64Array]:
        """Relevant items, own rank, AP and DCG of `rows` queries from `start` on.

        `similarity` is overwritten there.
        """
        part = slice(start, start + rows)
        keys = self._keys(similarity[part], gain[part])
        places = partners[part]
        own = keys[np.arange(len(keys)), places]
        keys = _sorted(keys)
        before = np.array([row.searchsorted(key) for row, key in zip(keys, own, strict=True)])
        own_rank = np.where(places < 0, 0, 1 + before)
        return self._score_rankings(keys & ((1 << self.gain_bits) - 1), own_rank)

    def _keys(self, similarity: Float64Array, gain: FloatArray) -> IntArray:
        """Keys `[r, n]` whose ascending order is the ranking, in the place of `similarity`.

        From the highest bits: negated similarity (32 bits), place in the gallery, gain. Places
        make all keys of a row differ, so the gain never decides; it is only carried along.
        """
        similarity += _TO_INTEGER
        keys = similarity.view(np.int64)
        keys <<= _PLACE_AND_GAIN_BITS
        keys |= self.carried
        keys |= gain.astype(np.int64)
        return keys

    def _score_rankings(
        self, gain: IntArray, own_rank: IntArray
    ) -> tuple[IntArray, IntArray, Float64Array, Float64Array]:
        """`score` of gains `[r, n]` in ranking order."""
        relevant = gain > 0
        count = np.cumsum(relevant, axis=1, dtype=np.int32)
        precision = count * self.inverse_rank
        precision *= relevant
        ap, dcg = [], []
        for depth in self.depths:
            last = min(depth, gain.shape[1])
            ap.append(precision[:, :last].sum(axis=1) / np.maximum(count[:, last - 1], 1))
            dcg.append(gain[:, :last] @ self.discount[:last])
        return count[:, -1].astype(np.int64), own_rank, np.stack(ap, axis=1), np.stack(dcg, axis=1)


def _sorted(keys: IntArray) -> IntArray:
    """`keys` `[r, n]` with ascending rows, in half the time of one sort.

    The stable sort of 16-bit integers is a radix sort; by their highest 16 bits, keys are almost
    in order. The stable sort of longer integers makes use of that order.
    """
    order = np.argsort((keys >> 48).astype(np.int16), axis=1, kind="stable")
    keys = np.take_along_axis(keys, order, axis=1)
    keys.sort(axis=1, kind="stable")
    return keys


def _ideal_dcg(queries: Side, gallery: Side, ranker: _Ranker) -> Float64Array:
    """DCG of the best ranking at each depth `[q, depths]`, 0 where nothing is relevant.

    It has the items of the highest gain first, and gain g is g items of gain 1. It depends on
    label sets alone, so each set is looked at once.
    """
    sets, of_query, _ = _label_sets(queries.labels)
    others, _, times = _label_sets(gallery.labels)
    at_top = np.concatenate([[0.0], np.cumsum(ranker.discount)])
    ideal = np.zeros((len(sets), len(ranker.depths)))
    rows = max(1, _BLOCK_ELEMENTS // len(others))
    for start in range(0, len(sets), rows):
        gain = (sets[start : start + rows] @ others.T).numpy()
        for level in range(1, int(gain.max()) + 1):
            at_least = (gain >= level) @ times
            for column, depth in enumerate(ranker.depths):
                ideal[start : start + rows, column] += at_top[
                    np.minimum(at_least, min(depth, len(ranker.discount)))
                ]
    return ideal[of_query]


def _label_sets(labels: torch.Tensor) -> tuple[torch.Tensor, IntArray, IntArray]:
    """Distinct rows of `labels` `[n, c]`, which of them each row is `[n]`, and their counts."""
    _, first, inverse, counts = np.unique(
        np.packbits(labels.numpy() > 0, axis=1),
        axis=0,
        return_index=True,
        return_inverse=True,
        return_counts=True,
    )
    return labels[first], inverse, counts
