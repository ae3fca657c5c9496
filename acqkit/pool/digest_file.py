"""What was found out about files, kept beside them, so that a large pool is read once."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from numpy.typing import NDArray

from acqkit.files import write_text
from acqkit.pool.scan import covers_file

if TYPE_CHECKING:
    from acqkit.pool.stored import StoredFile

Found = TypeVar("Found")

_SCHEME = 1
"""Another one for another way to work out digests: those kept before are worked out anew."""

_SETTLED_AFTER = 2.0
"""Seconds after which another write to a file has another time, on the coarsest file system
(FAT); the digest of a younger file is not kept."""


class FileNotes:
    """What was found out about an array by reading all of it, where that is a file only read.

    It is kept as `.NAME.digest` beside the file NAME, with the file's size and time of change. A
    folder that cannot be written to keeps nothing, nor do arrays in memory.
    """

    def __init__(self, array: NDArray[Any]) -> None:
        self._kept: Path | None = None
        if not covers_file(array) or array.mode != "r":
            return
        file = Path(str(array.filename))
        status = file.stat()
        of = [_SCHEME, status.st_size, status.st_mtime_ns, array.offset, array.dtype.str]
        self._of = [*of, *array.shape]
        self._kept = file.with_name(f".{file.name}.digest")
        self._settled = time.time() - status.st_mtime > _SETTLED_AFTER

    def find(self, what: str, kind: type[Found]) -> Found | None:
        """What is kept of the file as it is; None where there is nothing of that kind."""
        found = None if self._kept is None else _find(self._kept, self._of).get(what)
        return found if isinstance(found, kind) else None

    def keep(self, what: str, found: Any) -> None:
        """Keep it, beside what is kept already."""
        if self._kept is not None and self._settled:
            _keep(self._kept, self._of, _find(self._kept, self._of) | {what: found})


class FilesDigest:
    """The digest of a column of vectors in some files: beside the first one, or in a cache here.

    It is kept of columns in which every row is there and finite. Those of an object store, which
    may be one that is only read, are kept in `~/.cache/acqkit/digests`, by what the store says
    of each file's content (its ETag); where it says nothing, none is kept.
    """

    def __init__(self, files: Sequence[StoredFile], name: str) -> None:
        file = files[0]
        stamps = [["/".join(each.parts), each.size, each.stamp] for each in files]
        self._of = [_SCHEME, name, stamps]
        self._folder: Path | None = None
        self._newest = 0
        if file.system is None:
            self._folder = Path(file.name).parents[len(file.parts) - 1]
            self._newest = max(int(each.stamp) for each in files)
        elif all(each.stamp for each in files):
            with suppress(RuntimeError):  # nobody's home
                self._folder = Path.home() / ".cache" / "acqkit" / "digests"
        place = file.parts if file.system is None else file.name
        label = blake2b(json.dumps([place, name]).encode(), digest_size=8).hexdigest()
        self._name = f".{label}.digest"

    def find(self) -> str | None:
        """What is kept of the files as they are."""
        found = {} if self._folder is None else _find(self._folder / self._name, self._of)
        digest = found.get("digest")
        return digest if isinstance(digest, str) else None

    def keep(self, digest: str) -> None:
        """Keep it, where files are old enough to have another time after another write."""
        if self._folder is not None and time.time() - self._newest / 1e9 > _SETTLED_AFTER:
            with suppress(OSError):
                self._folder.mkdir(parents=True, exist_ok=True)
            _keep(self._folder / self._name, self._of, {"digest": digest})


def _find(kept: Path, of: list[Any]) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        found = json.loads(kept.read_text(encoding="utf-8"))
        if isinstance(found, dict) and found.pop("of", None) == of:
            return found
    return {}


def _keep(kept: Path, of: list[Any], found: dict[str, Any]) -> None:
    with suppress(OSError):
        write_text(kept, json.dumps({"of": of, **found}))
