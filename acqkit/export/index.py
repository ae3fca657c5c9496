"""One faiss index a modality: unit vectors of the pairs that have it, by position."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from acqkit.embeddings import DEFAULT_BLOCK_SIZE, FloatArray, IntArray, ModalityEmbeddings
from acqkit.errors import ExportError
from acqkit.export.about import reading
from acqkit.files import whole_file
from acqkit.neighbors import unit
from acqkit.neighbors.backend import library as faiss


def write_index(path: Path, side: ModalityEmbeddings) -> None:
    """The exact index (inner product) of one modality's means `[n, d]`. Raises OSError."""
    index = faiss.IndexIDMap(faiss.IndexFlatIP(side.mean.shape[1]))
    positions = np.arange(len(side.mean))
    if side.present is not None:
        positions = np.flatnonzero(side.present)
    for start in range(0, len(positions), DEFAULT_BLOCK_SIZE):
        block = positions[start : start + DEFAULT_BLOCK_SIZE]
        index.add_with_ids(unit(side.mean[block]), block)
    with whole_file(path) as file:
        file.write(faiss.serialize_index(index).data)


def read_index(path: Path, dim: int, n: int) -> Any:
    """What `write_index` wrote; raises ExportError where it is no index of `n` pairs."""
    with reading(path):
        index = faiss.read_index(str(path))
    if index.d != dim or index.ntotal > n:
        raise ExportError(
            f"{path} holds {index.ntotal} vectors of width {index.d}, wanted at most {n} of width "
            f"{dim}; export again"
        )
    return index


def nearest(index: Any, queries: FloatArray, k: int) -> tuple[FloatArray, IntArray]:
    """Cosine similarities `[q, k]` of `queries` `[q, d]` and positions `[q, k]`, best first.

    `k` becomes the number of vectors where there are fewer.
    """
    k = min(k, index.ntotal)
    if k == 0:
        return np.zeros((len(queries), 0), np.float32), np.zeros((len(queries), 0), np.int64)
    similarities, positions = index.search(unit(queries), k)
    return similarities, positions
