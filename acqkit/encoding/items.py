"""Raw items: where one lies, how it is told from others, and what an encoder gets of it."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from acqkit.errors import PoolError
from acqkit.interfaces import ItemKind
from acqkit.pool.display_file import DisplayFile

KEY_BYTES = 16
"""Bytes of a digest: two of 10^9 items share one with a chance below 10^-20."""

LARGEST_ITEM = 256_000_000
"""Bytes of the largest file that is read: an uncompressed picture of 80 megapixels."""

_SETTLED_AFTER = 2.0
"""Seconds after which another write to a file has another time, on the coarsest file system
(FAT); a younger file is read to know what it holds."""


class Item(Protocol):
    """One raw item of a source."""

    @property
    def where(self) -> str:
        """Where it lies, for messages and lists."""
        ...

    def stamp(self) -> bytes | None:
        """`KEY_BYTES` that change when the item does, found without reading it; None for none.

        Raises PoolError where it is missing.
        """
        ...

    def read(self) -> str | bytes:
        """The text, or the content of the file; raises PoolError saying why it cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class TextItem:
    """A text in a table."""

    text: str

    @property
    def where(self) -> str:
        return "text"

    def stamp(self) -> bytes | None:
        """None: a text is at hand."""
        return None

    def read(self) -> str:
        """The text."""
        return self.text


@dataclass(frozen=True, slots=True)
class FileItem:
    """A file by its path in `folder`, which it must not leave; texts are read as UTF-8."""

    folder: Path
    name: str
    is_text: bool = False

    @property
    def where(self) -> str:
        return self.name

    def stamp(self) -> bytes | None:
        """Of path, size and time of change; None for a file that was written a moment ago."""
        return file_stamp(self.folder / self.name)

    def read(self) -> str | bytes:
        """Its content."""
        content = DisplayFile(self.folder, self.name).read(LARGEST_ITEM)
        if not self.is_text:
            return content
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise PoolError("is no UTF-8 text; save it as UTF-8") from None


def file_stamp(path: Path, part: str = "") -> bytes | None:
    """A stamp of a part of a file; None for one written a moment ago. Raises PoolError."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise PoolError("is not there") from None
    except (OSError, ValueError) as error:
        raise PoolError(f"cannot be read ({error})") from None
    if time.time() - status.st_mtime <= _SETTLED_AFTER:
        return None
    return digest(f"{path.name}\0{part}\0{status.st_size}\0{status.st_mtime_ns}")


def digest(content: str | bytes) -> bytes:
    """`KEY_BYTES` that tell a text or content from any other."""
    data = b"text\0" + content.encode() if isinstance(content, str) else b"file\0" + content
    return hashlib.blake2b(data, digest_size=KEY_BYTES).digest()


def decoded(kind: ItemKind, content: str | bytes) -> Any:
    """What an encoder gets of an item; raises PoolError where it cannot be decoded."""
    if kind != "image":
        return content
    if isinstance(content, str):
        raise PoolError("is a text, wanted a picture")
    from acqkit.encoding.pictures import picture  # noqa: PLC0415

    return picture(content)
