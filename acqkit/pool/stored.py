"""Files of a pool, on this machine or wherever fsspec reads from: `s3://`, `gs://`, ..."""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from acqkit.errors import PoolError
from acqkit.pool.source import one_line

Result = TypeVar("Result")

_URL = re.compile(r"[a-z][a-z0-9+.-]+://")

PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before a read that failed is tried again; after the last one it is an error."""

_FINAL = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
"""Errors that another try does not mend."""

_UNKNOWN_TO_US = ("NoCredentials", "NoAuth", "Credential", "Forbidden", "AccessDenied")
"""Parts of the names or texts of errors that say that one may not read; they are final too."""


def is_url(path: object) -> bool:
    """Whether a path is an address with a scheme, such as `s3://bucket/folder`."""
    return isinstance(path, str) and _URL.match(path) is not None


@dataclass(frozen=True)
class StoredFile:
    """A file of a pool.

    name: where it is, for messages. parts: its place in the pool's folder. size in bytes; stamp:
    another one where the file was changed, empty where nothing says so. system: fsspec's file
    system, None for this machine's.
    """

    name: str
    parts: tuple[str, ...]
    size: int
    stamp: str
    system: Any = None

    @classmethod
    def local(cls, path: Path, folder: Path | None = None) -> StoredFile:
        """A file of this machine; `folder` is the pool's, by default its own. Raises OSError."""
        status = path.stat()
        parts = path.relative_to(folder or path.parent).parts
        return cls(str(path), parts, status.st_size, str(status.st_mtime_ns))

    def opened(self) -> Any:
        """What Arrow reads: a path, or an open file whose reads are tried again."""
        return self.name if self.system is None else pa.PythonFile(_Ranges(self), mode="r")

    def read(self, start: int, stop: int) -> bytes:
        """Bytes from `start` to `stop`; raises OSError, PoolError where a store does not answer."""
        if self.system is None:
            with Path(self.name).open("rb") as file:
                file.seek(start)
                return file.read(stop - start)
        found: bytes = patiently(
            lambda: self.system.cat_file(self.name, start=start, end=min(stop, self.size)),
            self.name,
        )
        return found


class _Ranges:
    """A file that is read by ranges, as Arrow wants it: nothing is kept between two reads."""

    closed = False

    def __init__(self, file: StoredFile) -> None:
        self._file, self._at = file, 0

    def read(self, count: int = -1) -> bytes:
        stop = self._file.size if count is None or count < 0 else self._at + count
        data = b"" if stop <= self._at else self._file.read(self._at, stop)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._file.size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def size(self) -> int:
        return self._file.size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True


def patiently(read: Callable[[], Result], what: str) -> Result:
    """What `read` gives, tried again where the connection was lost.

    Raises PoolError where it is lost for good, where nothing is there, and where one may not read.
    """
    for pause in (*PAUSES, None):
        try:
            return read()
        except _FINAL as error:
            raise PoolError(_refused(what, error)) from None
        except Exception as error:  # noqa: BLE001 - each store has errors of its own
            said = f"{type(error).__name__} {error}"
            if any(name in said for name in _UNKNOWN_TO_US):
                raise PoolError(_refused(what, error)) from None
            if pause is None:
                raise PoolError(
                    f"{what} cannot be read: {one_line(error)} ({len(PAUSES) + 1} tries); see "
                    "whether the store answers, and begin again"
                ) from None
            time.sleep(pause)
    raise AssertionError("the last try returns or raises")


def _refused(what: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no file or folder {what!r}"
    return (
        f"{what} may not be read ({one_line(error)}); give credentials in the environment, as for "
        "the store's own tools"
    )


def listed(url: str) -> list[StoredFile]:
    """All files under an address, by their place in it: the file itself, or those of a folder.

    Raises PoolError where there is none, or where what reads such addresses is not installed.
    """
    system, path = _file_system(url)
    with suppress(AttributeError):
        system.invalidate_cache()
    found = patiently(lambda: system.find(path, detail=True), url)
    if not found:
        raise PoolError(f"there is no file or folder {url!r}")
    root = path.rstrip("/")
    return [
        StoredFile(
            system.unstrip_protocol(name),
            tuple(name[len(root) :].strip("/").split("/")) if name != root else (_last(name),),
            int(info["size"]),
            str(info.get("ETag") or info.get("etag") or ""),
            system,
        )
        for name, info in sorted(found.items())
    ]


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _file_system(url: str) -> tuple[Any, str]:
    try:
        core = importlib.import_module("fsspec.core")
    except ImportError:
        raise PoolError(
            f"{url} is in an object store, which fsspec reads; pip install 'acqkit[s3]', or fsspec "
            "with what it needs for your store"
        ) from None
    try:
        system, path = core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise PoolError(f"{url} cannot be opened: {one_line(error)}") from None
    return system, str(path)
