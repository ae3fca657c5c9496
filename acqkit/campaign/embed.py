"""Embedding a whole pool, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import (
    DEFAULT_BLOCK_SIZE,
    SIDE_FIELDS,
    FloatArray,
    IntArray,
    LinearClassifier,
    ModalityEmbeddings,
    PairEmbeddings,
)
from acqkit.engine import LOCAL, Engine, row_blocks
from acqkit.errors import EmbeddingError
from acqkit.interfaces import Inputs, Model, PairBatch, Pool
from acqkit.pool import PairPool
from acqkit.tensors import as_numpy


def embed_rows(
    model: Model,
    pool: Pool,
    positions: IntArray,
    block_size: int = DEFAULT_BLOCK_SIZE,
    engine: Engine = LOCAL,
) -> Iterator[PairEmbeddings]:
    """What the model gives for the pairs at `positions` `[n]`, in blocks, in that order."""
    return engine.map(partial(_embed, model, pool), row_blocks(positions, block_size))


def _embed(model: Model, pool: Pool, positions: IntArray) -> PairEmbeddings:
    return _received(model.embed(pool.batch(positions)), model)


def _received(embedded: Any, model: Model) -> PairEmbeddings:
    """What a model gave with tensors as arrays; raises EmbeddingError for what it must not give."""
    named = type(model).__name__
    if not isinstance(embedded, PairEmbeddings):
        raise EmbeddingError(
            f"embed of {named} returned {type(embedded).__name__}, wanted PairEmbeddings"
        )
    a, b = (
        _side(side, f"embed of {named} gave a {name}")
        for name, side in zip("ab", embedded.sides, strict=True)
    )
    return replace(embedded, a=a, b=b, classifier=_classifier(embedded.classifier, named))


def _side(side: ModalityEmbeddings, gave: str) -> ModalityEmbeddings:
    if not isinstance(side, ModalityEmbeddings):
        raise EmbeddingError(f"{gave} of {type(side).__name__}, wanted ModalityEmbeddings")
    present = None if side.present is None else _array(side.present, f"{gave}.present")
    if present is not None and present.dtype != np.bool_:
        raise EmbeddingError(f"{gave}.present of dtype {present.dtype}, wanted bool")
    mean = _numbers(side.mean, f"{gave}.mean")
    variance, probabilities = (
        None if values is None else _numbers(values, f"{gave}.{field}")
        for field, values in (("variance", side.variance), ("probabilities", side.probabilities))
    )
    return ModalityEmbeddings(mean, variance, probabilities, present)


def _classifier(given: LinearClassifier | None, named: str) -> LinearClassifier | None:
    if given is None:
        return None
    gave = f"embed of {named} gave a classifier."
    return LinearClassifier(
        _numbers(given.weight, f"{gave}weight"), _numbers(given.bias, f"{gave}bias")
    )


def _numbers(given: Any, gave: str) -> FloatArray:
    array = _array(given, gave)
    if array.dtype.kind not in "fiub":
        raise EmbeddingError(f"{gave} of dtype {array.dtype}, wanted numbers")
    return array.astype(np.float32, copy=False)


def _array(given: Any, gave: str) -> NDArray[Any]:
    try:
        return np.asarray(as_numpy(given))
    except Exception as error:
        raise EmbeddingError(
            f"{gave} that is no array ({type(error).__name__}: {error})"
        ) from error


def embed_blocks(
    model: Model,
    pool: PairPool,
    block_size: int = DEFAULT_BLOCK_SIZE,
    engine: Engine = LOCAL,
) -> Iterator[PairEmbeddings]:
    """Embeddings of all pairs of the pool in blocks, in the order of positions, each checked.

    Raises EmbeddingError where they are not finite, or of another shape than the blocks before.
    """
    first = None
    everything = np.arange(len(pool))
    for positions, embedded in zip(
        row_blocks(everything, block_size),
        embed_rows(model, pool, everything, block_size, engine),
        strict=True,
    ):
        block = replace(embedded, positions=positions, multilabel=pool.multilabel)
        first = first or block
        _check_alike(block, first)
        yield block.validate()


def embed_pool(
    model: Model,
    pool: PairPool,
    block_size: int = DEFAULT_BLOCK_SIZE,
    engine: Engine = LOCAL,
) -> PairEmbeddings:
    """Embeddings of every pair of the pool in memory, row = position.

    Raises EmbeddingError like `embed_blocks`.
    """
    n = len(pool)
    columns: dict[str, NDArray[Any]] = {}
    for block in embed_blocks(model, pool, block_size, engine):
        for name, values in block.columns().items():
            if name not in columns:
                columns[name] = np.empty((n, *values.shape[1:]), values.dtype)
            columns[name][block.positions] = values
    a, b = (
        ModalityEmbeddings(**{field: columns.get(f"{name}_{field}") for field in SIDE_FIELDS})  # type: ignore[arg-type]
        for name in "ab"
    )
    return replace(block, a=a, b=b, positions=np.arange(n))


def embed_one(
    model: Model,
    side: int,
    inputs: Inputs,
    width: int | None = None,
    block_size: int = DEFAULT_BLOCK_SIZE,
) -> ModalityEmbeddings:
    """Embeddings of `k` inputs of one modality alone, `side` 0 (a) or 1 (b).

    inputs: features `[k, ...]` or `k` raw items; width: as in `PairBatch.of_one`. Raises
    EmbeddingError where they are not finite.
    """
    starts = range(0, max(len(inputs), 1), block_size)
    batches = (PairBatch.of_one(side, inputs[at : at + block_size], width) for at in starts)
    parts = [_received(model.embed(batch), model).sides[side] for batch in batches]
    columns: dict[str, FloatArray | None] = {}
    for name in ("mean", "variance", "probabilities"):
        values = [getattr(part, name) for part in parts]
        columns[name] = None if values[0] is None else np.concatenate(values)
        if values[0] is not None and not np.isfinite(columns[name]).all():  # type: ignore[arg-type]
            raise EmbeddingError(
                f"embed of {type(model).__name__} gave a {name} that is not finite for modality "
                f"{'ab'[side]}; look at the inputs, or the learning rate of its training"
            )
    return ModalityEmbeddings(**columns)  # type: ignore[arg-type]


def _check_alike(block: PairEmbeddings, first: PairEmbeddings) -> None:
    for side, reference in zip(block.sides, first.sides, strict=True):
        for name in SIDE_FIELDS:
            values, before = getattr(side, name), getattr(reference, name)
            if values is None and before is None:
                continue
            shape = None if values is None else values.shape
            if before is None or shape != (len(block), *before.shape[1:]):
                start, stop = int(block.positions[0]), int(block.positions[-1])
                raise EmbeddingError(
                    f"the model embedded pairs {start} to {stop} with {name} of shape {shape}, "
                    "unlike the pairs before them; embed every block alike, one row a pair"
                )


def no_embeddings(pool: PairPool) -> PairEmbeddings:
    """Embeddings of width 0, for strategies that look at none."""
    empty = np.zeros((len(pool), 0), dtype=np.float32)
    a, b = (ModalityEmbeddings(empty, present=mask) for mask in pool.present)
    return PairEmbeddings(a, b, np.arange(len(pool)), pool.multilabel)
