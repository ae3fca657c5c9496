"""Digests kept beside the files that they are of, so that a large pool is read once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from acqkit.files import write_text
from acqkit.pool.scan import covers_file

if TYPE_CHECKING:
    from acqkit.pool.stored import StoredFile

_SCHEME = 1
"""Another one for another way to work out digests: those kept before are worked out anew."""

_SETTLED_AFTER = 2.0
"""Seconds after which another write to a file has another time, on the coarsest file system
(FAT); the digest of a younger file is not kept."""


def kept_digest(array: NDArray[Any], work_out: Callable[[], str]) -> str:
    """What `work_out` gives for the array; kept where that is a file that is only read.

    It is kept as `.NAME.digest` beside the file NAME, with the file's size and time of change. A
    folder that cannot be written to keeps none.
    """
    if not covers_file(array) or array.mode != "r":
        return work_out()
    file = Path(str(array.filename))
    status = file.stat()
    of = [_SCHEME, status.st_size, status.st_mtime_ns, array.offset, array.dtype.str]
    of += [*array.shape]
    kept = file.with_name(f".{file.name}.digest")
    if (found := _find(kept, of)) is not None:
        return found
    digest = work_out()
    if time.time() - status.st_mtime > _SETTLED_AFTER:
        _keep(kept, of, digest)
    return digest


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
        return None if self._folder is None else _find(self._folder / self._name, self._of)

    def keep(self, digest: str) -> None:
        """Keep it, where files are old enough to have another time after another write."""
        if self._folder is not None and time.time() - self._newest / 1e9 > _SETTLED_AFTER:
            with suppress(OSError):
                self._folder.mkdir(parents=True, exist_ok=True)
            _keep(self._folder / self._name, self._of, digest)


def _find(kept: Path, of: list[Any]) -> str | None:
    with suppress(OSError, ValueError):
        found = json.loads(kept.read_text(encoding="utf-8"))
        if isinstance(found, dict) and found.get("of") == of and "digest" in found:
            return str(found["digest"])
    return None


def _keep(kept: Path, of: list[Any], digest: str) -> None:
    with suppress(OSError):
        write_text(kept, json.dumps({"of": of, "digest": digest}))
