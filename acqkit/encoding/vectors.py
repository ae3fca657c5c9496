"""Vectors that were encoded, on disk by what they are of: whatever is kept is never made again.

Three files that only grow: `vectors.bin` (a row an item), `keys.bin` (the digest of each row's
item) and `stamps.bin` (what a file looked like, and the digest of what it held). A row counts once
its key is whole, and vectors are on disk before keys are written, so that neither a kill nor a
power cut leaves a key without its vector. What a killed process left behind is cut off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.encoding.items import KEY_BYTES
from acqkit.errors import PoolError
from acqkit.files import make_folder, write_text, writing

_ABOUT = "encoder.json"


class VectorStore:
    """Vectors of one encoder in a folder, by digest of the item; one process writes at a time.

    identity: JSON data that says what the vectors depend on. dtype: float16 or float32.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any], dtype: str) -> None:
        self.folder = folder
        self.dtype = np.dtype(dtype)
        self._identity = dict(identity)
        self._vectors, self._keys, self._stamps = (
            folder / name for name in ("vectors.bin", "keys.bin", "stamps.bin")
        )
        make_folder(folder)
        self.width: int | None = self._read_width()
        self._rows: dict[bytes, int] = {}
        self._known: dict[bytes, bytes] = {}
        self._open()

    def __len__(self) -> int:
        return len(self._rows)

    def row_of(self, key: bytes) -> int | None:
        """The row of the item with this digest; None where it was not encoded yet."""
        return self._rows.get(key)

    def key_at(self, stamp: bytes) -> bytes | None:
        """The digest of what a file with this stamp held; None for one not seen before."""
        return self._known.get(stamp)

    def append(self, keys: Sequence[bytes], vectors: NDArray[Any]) -> None:
        """Keep `vectors` `[k, d]` of the items with these digests; raises OSError.

        Raises PoolError where their width is not that of the vectors before.
        """
        if not len(keys):
            return
        width = int(vectors.shape[1])
        if self.width is None:
            self._write_about(width)
        elif width != self.width:
            raise PoolError(
                f"the encoder gave vectors of width {width}, where those before have "
                f"{self.width}; an encoder must give one width"
            )
        _append(self._vectors, np.ascontiguousarray(vectors, self.dtype).tobytes())
        _append(self._keys, b"".join(keys))
        first = len(self._rows)
        self._rows |= {key: first + place for place, key in enumerate(keys)}

    def note(self, stamps: Mapping[bytes, bytes]) -> None:
        """Keep that files with these stamps hold what has these digests; raises OSError."""
        new = {stamp: key for stamp, key in stamps.items() if stamp not in self._known}
        if new:
            _append(self._stamps, b"".join(stamp + key for stamp, key in new.items()))
            self._known |= new

    def array(self) -> NDArray[Any]:
        """All vectors `[rows, d]`, memory-mapped."""
        if self.width is None or not self._rows:
            return np.zeros((0, self.width or 0), self.dtype)
        shape = (len(self._rows), self.width)
        return np.memmap(self._vectors, dtype=self.dtype, mode="r", shape=shape)

    def _read_width(self) -> int | None:
        file = self.folder / _ABOUT
        if not file.exists():
            return None
        try:
            about = json.loads(file.read_text(encoding="utf-8"))
            return int(about["width"])
        except (ValueError, KeyError, TypeError):
            raise PoolError(f"{file} is damaged; remove {self.folder} to encode again") from None

    def _write_about(self, width: int) -> None:
        about = {"width": width, "dtype": self.dtype.name, **self._identity}
        write_text(self.folder / _ABOUT, json.dumps(about, indent=1))
        self.width = width

    def _open(self) -> None:
        row_bytes = self.dtype.itemsize * (self.width or 0)
        rows = _size(self._keys) // KEY_BYTES
        rows = min(rows, _size(self._vectors) // row_bytes) if row_bytes else 0
        _cut(self._vectors, rows * row_bytes)
        _cut(self._keys, rows * KEY_BYTES)
        for row, key in enumerate(_pieces(self._keys, KEY_BYTES)):
            self._rows[key] = row
        pair = 2 * KEY_BYTES
        _cut(self._stamps, _size(self._stamps) // pair * pair)
        for both in _pieces(self._stamps, pair):
            self._known[both[:KEY_BYTES]] = both[KEY_BYTES:]


def _append(path: Path, content: bytes) -> None:
    with writing(path), path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _cut(path: Path, size: int) -> None:
    if _size(path) > size:
        with writing(path):
            os.truncate(path, size)


def _pieces(path: Path, size: int) -> list[bytes]:
    content = path.read_bytes() if path.exists() else b""
    return [content[at : at + size] for at in range(0, len(content), size)]
