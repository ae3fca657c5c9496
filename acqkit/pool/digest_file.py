"""The digest of a memory-mapped file, kept beside it, so that a large pool is read once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from acqkit.files import write_text
from acqkit.pool.scan import covers_file

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
    with suppress(OSError, ValueError):
        found = json.loads(kept.read_text(encoding="utf-8"))
        if isinstance(found, dict) and found.get("of") == of and "digest" in found:
            return str(found["digest"])
    digest = work_out()
    if time.time() - status.st_mtime > _SETTLED_AFTER:
        with suppress(OSError):
            write_text(kept, json.dumps({"of": of, "digest": digest}))
    return digest
