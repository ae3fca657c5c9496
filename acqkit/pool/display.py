"""Display columns and their kinds: image, audio or text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from acqkit.interfaces import Pool

DisplayKind = Literal["image", "audio", "text"]

IMAGE_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".svg", ".webp"})
AUDIO_SUFFIXES = frozenset({".flac", ".m4a", ".mp3", ".ogg", ".wav"})
_LONGEST_PATH = 1024
"""Characters beyond which a string is a text and no path."""
_LOOKED_AT = 16
"""Values read to find the kind of a column; beyond them it counts as empty, and as text."""

_IMAGE_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM", b"<svg")
_AUDIO_MAGIC = (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"OggS", b"fLaC")


@dataclass(frozen=True, eq=False, slots=True)
class DisplayColumn:
    """A display column with its kind and, where it is known, its modality.

    `values` `[n]` are bytes, paths or text as `kind` says; single values may be None.
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
    for index in range(min(len(values), _LOOKED_AT)):
        value = values[index]
        if value is not None and len(value):
            return kind_of(value)
    return "text"


def kind_of(value: Any) -> DisplayKind:
    """The kind of a value: of bytes by their signature, of a path by its suffix, else text."""
    if isinstance(value, bytes | bytearray | memoryview):
        return _kind_of_bytes(bytes(value[:64]))
    if is_path(value):
        suffix = PurePath(value.split("?")[0]).suffix.lower()
        if suffix in IMAGE_SUFFIXES:
            return "image"
        if suffix in AUDIO_SUFFIXES:
            return "audio"
    return "text"


def is_path(value: Any) -> bool:
    """Whether a value may be a path or a URL rather than prose."""
    return isinstance(value, str) and len(value) <= _LONGEST_PATH and "\n" not in value


def _kind_of_bytes(head: bytes) -> DisplayKind:
    if head[:4] == b"RIFF":
        return "audio" if head[8:12] == b"WAVE" else "image"
    if head.startswith(_AUDIO_MAGIC):
        return "audio"
    if head.startswith(_IMAGE_MAGIC) or head.lstrip().startswith((b"<svg", b"<?xml")):
        return "image"
    return "text"
