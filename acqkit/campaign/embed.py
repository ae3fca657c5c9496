"""Embedding a whole pool, block by block."""

from __future__ import annotations

from typing import Any

import numpy as np

from acqkit.embeddings import (
    DEFAULT_BLOCK_SIZE,
    LinearClassifier,
    ModalityEmbeddings,
    PairEmbeddings,
)
from acqkit.errors import EmbeddingError
from acqkit.interfaces import Model
from acqkit.pool import PairPool

_FIELDS = ("mean", "variance", "probabilities", "present")


def embed_pool(
    model: Model, pool: PairPool, block_size: int = DEFAULT_BLOCK_SIZE
) -> PairEmbeddings:
    """Embeddings of every pair of the pool, row = position; raises EmbeddingError if not finite.

    Blocks are written into arrays made once, so that memory holds one copy.
    """
    n = len(pool)
    columns: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    classifier: LinearClassifier | None = None
    content_dim: int | None = None
    for start in range(0, n, block_size):
        positions = np.arange(start, min(start + block_size, n))
        block = model.embed(pool.batch(positions))
        classifier, content_dim = block.classifier, block.content_dim
        for side, column in zip(block.sides, columns, strict=True):
            _write(column, side, positions, n)
    sides = [ModalityEmbeddings(**column) for column in columns]
    return PairEmbeddings(
        sides[0], sides[1], np.arange(n), pool.multilabel, classifier, content_dim
    ).validate()


def _write(
    column: dict[str, Any], side: ModalityEmbeddings, positions: np.ndarray[Any, Any], n: int
) -> None:
    start, stop = int(positions[0]), int(positions[-1]) + 1
    for name in _FIELDS:
        values = getattr(side, name)
        if start == 0:
            column[name] = (
                None if values is None else np.empty((n, *values.shape[1:]), values.dtype)
            )
        if (column[name] is None) != (values is None) or (
            values is not None and values.shape != (stop - start, *column[name].shape[1:])
        ):
            shape = None if values is None else values.shape
            raise EmbeddingError(
                f"the model embedded pairs {start} to {stop - 1} with {name} of shape {shape}, "
                "unlike the pairs before them; embed every block alike, one row a pair"
            )
        if values is not None:
            column[name][start:stop] = values


def no_embeddings(pool: PairPool) -> PairEmbeddings:
    """Embeddings of width 0, for strategies that look at none."""
    empty = np.zeros((len(pool), 0), dtype=np.float32)
    a, b = (ModalityEmbeddings(empty, present=mask) for mask in pool.present)
    return PairEmbeddings(a, b, np.arange(len(pool)), pool.multilabel)
