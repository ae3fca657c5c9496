"""Features that are read in chunks, looked through once: what is missing, what is not finite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from acqkit.embeddings import BoolArray, IntArray
from acqkit.half import as_float32
from acqkit.pool.arrow_vectors import Vectors
from acqkit.pool.chunked import ChunkedFeatures
from acqkit.pool.digest import RowsDigest
from acqkit.pool.digest_file import FilesDigest
from acqkit.pool.stored import StoredFile


def looked_through(
    source: ChunkedFeatures, files: Sequence[StoredFile], name: str, blocks: Iterable[Vectors]
) -> BoolArray:
    """The mask `[n]` of rows that are not null; `source` is told its digest and what is not finite.

    `blocks` are all rows of column `name` in the files, in order. They are read once, and not even
    once where that was done before and no file has changed since.
    """
    kept = FilesDigest(files, name)
    if (digest := kept.find()) is not None:
        source.digest, source.not_finite = digest, np.arange(0)
        return np.ones(len(source), dtype=bool)
    present = np.zeros(len(source), dtype=bool)
    summed = RowsDigest(source.shape)
    bad: list[IntArray] = [np.arange(0)]
    for block in blocks:
        rows = np.zeros((block.size, *source.shape[1:]), np.float32)
        with np.errstate(over="ignore"):
            rows[block.at - block.start] = as_float32(block.rows)
        summed.add(rows)
        present[block.at] = True
        if not np.isfinite(rows).all():
            wrong = ~np.isfinite(rows.reshape(len(rows), -1)).all(axis=1)
            bad.append(block.start + np.flatnonzero(wrong))
    summed.add(np.zeros((len(source) - summed.rows, *source.shape[1:]), np.float32))
    source.digest, source.not_finite = summed.hexdigest(), np.concatenate(bad)
    if present.all() and not len(source.not_finite):
        kept.keep(source.digest)
    return present
