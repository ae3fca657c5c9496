"""Display columns and their kinds: image, audio or text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal

from acqkit.interfaces import Pool
from acqkit.pool.display_file import DisplayFile

DisplayKind = Literal["image", "audio", "text"]

IMAGE_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".svg", ".webp"})
AUDIO_SUFFIXES = frozenset({".flac", ".m4a", ".mp3", ".ogg", ".wav"})
_LONGEST_PATH = 1024
"""Characters beyond which a string is a text and no path."""
_LOOKED_AT = 16
"""Values read to find the kind of a column; beyond them it counts as empty, and as text."""

_IMAGE_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"<svg", b"<?xml")
_AUDIO_MAGIC = (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"OggS", b"fLaC")


@dataclass(frozen=True, eq=False, slots=True)
class DisplayColumn:
    """A display column with its kind and, where it is known, its modality.

    `values` `[n]` are bytes, files or text as `kind` says; single values may be None.
    """

    name: str
    kind: DisplayKind
    modality: str | None
    values: Sequence[Any]


def display_columns(pool: Pool) -> tuple[DisplayColumn, ...]:
    """The pool's display columns in order; the modality is the one of the column's name."""
    return tuple(
        DisplayColumn(name, display_kind(values), name if name in pool.modalities else None, values)
        for name, values in getattr(pool, "display", {}).items()
    )


def display_kind(values: Sequence[Any]) -> DisplayKind:
    """The kind of a column, by the first of its values that is not empty."""
    value = first_shown(values)
    return "text" if value is None else kind_of(value)


def first_shown(values: Sequence[Any]) -> Any:
    """The first value that is not empty, None where the column begins with many empty ones."""
    firsts = (values[index] for index in range(min(len(values), _LOOKED_AT)))
    return next((value for value in firsts if not is_empty(value)), None)


def is_empty(value: Any) -> bool:
    """Whether there is nothing to show: None, or no characters or bytes."""
    return value is None or (isinstance(value, str | bytes) and not value)


def kind_of(value: Any) -> DisplayKind:
    """The kind of a value: of bytes by their signature, of a file by its name, else text.

    What a file's name promises is checked against its content when it is shown.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return _kind_of_bytes(bytes(value[:64]))
    if isinstance(value, DisplayFile | Path):
        return kind_of_name(str(value))
    return "text"


def kind_of_name(text: str) -> DisplayKind:
    """What a text is the file name of; a text, where it is prose or a web address."""
    if len(text) <= _LONGEST_PATH and "\n" not in text and "://" not in text:
        suffix = PurePath(text).suffix.lower()
        if suffix in IMAGE_SUFFIXES:
            return "image"
        if suffix in AUDIO_SUFFIXES:
            return "audio"
    return "text"


def _kind_of_bytes(head: bytes) -> DisplayKind:
    if head[:4] == b"RIFF" and head[8:12] in (b"WAVE", b"WEBP"):
        return "audio" if head[8:12] == b"WAVE" else "image"
    if head.startswith(_AUDIO_MAGIC) or head[4:11] == b"ftypM4A":
        return "audio"
    # "BM" alone may begin a text; a bitmap has four zeros after its size.
    if head.lstrip().startswith(_IMAGE_MAGIC) or (head[:2] == b"BM" and head[6:10] == bytes(4)):
        return "image"
    return "text"
