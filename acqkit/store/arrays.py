"""Embeddings as the files of an artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from acqkit.embeddings import MANIFEST_NAME, IntArray, PairEmbeddings
from acqkit.errors import CampaignError
from acqkit.half import as_float16
from acqkit.store.artifacts import DigestFile, Draft

HALF_FROM = 2_000_000
"""Pairs from which embeddings are kept as float16, in half the room: rounding moves a mean of unit
length by a two-thousandth at most. Those of smaller pools are kept as float32, exactly."""

_HALVED = ("mean", "probabilities")
"""What is kept as float16; a variance may be too small for it."""


class EmbeddingFiles:
    """Embeddings of the pairs at `positions` `[n]`, each block appended to one file an array.

    The files are those of `PairEmbeddings.save`, from `HALF_FROM` pairs on as float16 where the
    first block's values are within -1 and 1; later ones beyond float16 become its largest. Memory
    holds no more than a block.
    """

    def __init__(self, draft: Draft, positions: IntArray) -> None:
        self.draft = draft
        self._positions = positions
        self._files: dict[str, DigestFile] = {}
        self._dtypes: dict[str, np.dtype[np.generic]] = {}
        self._last: PairEmbeddings | None = None
        self._rows = 0

    def write(self, block: PairEmbeddings) -> None:
        """Append the rows of the next pairs."""
        try:
            if self._last is None:
                for name, values in block.columns().items():
                    dtype = self._dtypes[name] = self._kept_as(name, values)
                    empty = values[:0].astype(dtype)
                    self._files[name] = self._start(name, empty, len(self._positions))
            for name, values in block.columns().items():
                self._files[name].write(_rounded(values, self._dtypes[name]).data)
        except OSError as error:
            raise cannot_keep(self.draft.folder.parent.parent, error) from None
        self._last = block
        self._rows += len(block)

    def _kept_as(self, name: str, values: NDArray[np.generic]) -> np.dtype[np.generic]:
        halved = len(self._positions) >= HALF_FROM and name.endswith(_HALVED)
        small = halved and values.dtype == np.float32 and float(np.abs(values).max(initial=0)) <= 1
        return np.dtype(np.float16) if small else values.dtype

    def finish(self) -> None:
        """Write what is no row of a pair. Raises OSError, and CampaignError if rows miss."""
        if self._last is None or self._rows != len(self._positions):
            raise CampaignError(
                f"{self._rows} rows of embeddings were written, wanted {len(self._positions)}: "
                "one a pair"
            )
        for name, values in ({"positions": self._positions} | self._last.constants()).items():
            self._start(name, values, len(values)).write(np.ascontiguousarray(values).data)
        self.draft.file(MANIFEST_NAME).write(self._last.manifest().encode())

    def _start(self, name: str, values: NDArray[np.generic], rows: int) -> DigestFile:
        file = self.draft.file(f"{name}.npy")
        header = {
            "descr": npy.dtype_to_descr(values.dtype),
            "fortran_order": False,
            "shape": (rows, *values.shape[1:]),
        }
        npy.write_array_header_1_0(file, header)
        return file


def _rounded(values: NDArray[Any], dtype: np.dtype[np.generic]) -> NDArray[Any]:
    return as_float16(values) if dtype == np.float16 else np.ascontiguousarray(values)


def cannot_keep(folder: Path, error: OSError) -> CampaignError:
    """The error that says where embeddings or a model could not be written, and why."""
    return CampaignError(f"embeddings and model cannot be kept in {folder}: {error}")
