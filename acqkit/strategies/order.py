"""Positions in canonical order, and what the pairs there have, gathered into one array."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from acqkit.embeddings import DEFAULT_BLOCK_SIZE, FloatArray, IntArray, PairEmbeddings
from acqkit.interfaces import RoundContext
from acqkit.neighbors import on_device

_UPLOADED = 131_072
"""Pairs of which means are brought to a device at a time: 64 MiB a modality at width 128."""

_NUMBERS = 1 << 21
"""Numbers of a modality gathered at a time at most: 8 MiB, which is 16,384 pairs of width 128."""


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


def points_of(context: RoundContext, positions: IntArray) -> Any:
    """Unified content means `[k, d]` of the pairs at `positions`, in that order, to work on.

    An array where the round's device is `cpu`, a tensor on the device else.
    """
    if context.device == "cpu":
        return unified_means(context.embeddings, positions)
    means = means_only(context.embeddings)
    gathered = torch.empty((len(positions), means.dim), device=context.device)
    ascending, rows = on_device(positions, context.device).sort()
    for start in range(0, len(positions), _UPLOADED):
        own = slice(start, start + _UPLOADED)
        gathered[rows[own]] = _unified_there(means, ascending[own])
    return gathered


def _unified_there(means: PairEmbeddings, positions: Tensor) -> Tensor:
    """Unified means `[k, d]` of ascending `positions` `[k]`, on the device of these."""
    first, stop = int(positions[0]), int(positions[-1]) + 1
    # Rows that lie side by side are read as they lie; to gather them first takes longer.
    dense = stop - first <= 2 * len(positions)
    block = means.take(slice(first, stop) if dense else positions.cpu().numpy())
    a, b = (on_device(side.mean, positions.device).float() for side in block.sides)
    unified = (a + b).mul_(0.5)
    for side, values in ((block.b, a), (block.a, b)):
        if side.present is not None:
            absent = on_device(~side.present, positions.device)
            unified[absent] = values[absent]
    return unified[positions - first] if dense else unified


def unified_means(embeddings: PairEmbeddings, positions: IntArray) -> FloatArray:
    """Unified content means `[k, d]` of the pairs at `positions`, in that order."""
    means = means_only(embeddings)
    gathered = np.empty((len(positions), means.dim), dtype=np.float32)
    # In blocks, so that neither modality is copied as a whole.
    for start, block in _blocks(means, positions, means.dim):
        gathered[start : start + len(block)] = block.unified_mean()
    return gathered


def means_only(embeddings: PairEmbeddings) -> PairEmbeddings:
    """Content means alone, of which workers need no more."""
    content = embeddings.content()
    a, b = (replace(side, variance=None, probabilities=None) for side in content.sides)
    return replace(content, a=a, b=b)


def unified_probabilities(embeddings: PairEmbeddings, positions: IntArray) -> FloatArray:
    """Unified class probabilities `[k, c]` of the pairs at `positions`, in that order.

    Raises EmbeddingError when there are none.
    """
    width = embeddings.take(slice(0, 0)).unified_probabilities().shape[1]
    probabilities = embeddings.only_probabilities()
    gathered = np.empty((len(positions), width), dtype=np.float32)
    for start, block in _blocks(probabilities, positions, width):
        gathered[start : start + len(block)] = block.unified_probabilities()
    return gathered


def _blocks(
    embeddings: PairEmbeddings, positions: IntArray, width: int
) -> Iterator[tuple[int, PairEmbeddings]]:
    size = max(1, min(DEFAULT_BLOCK_SIZE, _NUMBERS // max(width, 1)))
    starts = range(0, len(positions), size)
    return zip(starts, embeddings.blocks(positions, size), strict=True)
