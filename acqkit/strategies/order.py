"""Positions in canonical order, and what the pairs there have, gathered into one array."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from acqkit.embeddings import DEFAULT_BLOCK_SIZE, FloatArray, IntArray, PairEmbeddings
from acqkit.interfaces import RoundContext


def whole_pool(context: RoundContext) -> IntArray:
    """All positions `[n]` in canonical order."""
    return context.canonical(np.arange(len(context.pool)))


def settled(context: RoundContext) -> IntArray:
    """Pairs that count as covered: labeled, or asked for and waiting for an answer.

    Positions in canonical order.
    """
    return context.canonical(np.flatnonzero(context.covering()))


def considered(context: RoundContext, n: int, most: int) -> IntArray:
    """The first `most` positions in canonical order, or as many as hold `n` candidates.

    They are a uniform sample of the pool.
    """
    positions = whole_pool(context)
    candidates = np.flatnonzero(np.isin(positions, context.candidates))
    return positions[: max(most, int(candidates[n - 1]) + 1)]


def largest(values: FloatArray, n: int) -> IntArray:
    """Rows of the `n` largest of `values` `[k]`, the largest first; of equals the first row."""
    last = len(values) - n
    reached = np.flatnonzero(values >= np.partition(values, last)[last])
    return reached[np.argsort(-values[reached], kind="stable")[:n]]


def unified_means(embeddings: PairEmbeddings, positions: IntArray) -> FloatArray:
    """Unified content means `[k, d]` of the pairs at `positions`, in that order."""
    content = embeddings.content()
    means = replace(
        content,
        a=replace(content.a, variance=None, probabilities=None),
        b=replace(content.b, variance=None, probabilities=None),
    )
    gathered = np.empty((len(positions), content.dim), dtype=np.float32)
    # In blocks, so that neither modality is copied as a whole.
    for start, block in _blocks(means, positions):
        gathered[start : start + len(block)] = block.unified_mean()
    return gathered


def unified_probabilities(embeddings: PairEmbeddings, positions: IntArray) -> FloatArray:
    """Unified class probabilities `[k, c]` of the pairs at `positions`, in that order.

    Raises EmbeddingError when there are none.
    """
    width = embeddings.take(slice(0, 0)).unified_probabilities().shape[1]
    probabilities = embeddings.only_probabilities()
    gathered = np.empty((len(positions), width), dtype=np.float32)
    for start, block in _blocks(probabilities, positions):
        gathered[start : start + len(block)] = block.unified_probabilities()
    return gathered


def _blocks(
    embeddings: PairEmbeddings, positions: IntArray
) -> Iterator[tuple[int, PairEmbeddings]]:
    starts = range(0, len(positions), DEFAULT_BLOCK_SIZE)
    return zip(starts, embeddings.blocks(positions), strict=True)
