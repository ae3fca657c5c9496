"""Pictures, sounds and texts of pairs, small enough to be carried inside the page."""

from __future__ import annotations

import base64
import hashlib
import io
import warnings
from pathlib import Path
from typing import Any, Literal

from PIL import Image, ImageOps

from acqkit.errors import PoolError
from acqkit.pool.display import is_empty, kind_of
from acqkit.pool.display_file import LARGEST_FILE, DisplayFile
from acqkit.report.data import Side

THUMBNAIL = 112
"""Longest side of a picture, in pixels."""

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
"""The decoders that a picture of a stranger meets: the common ones, which are fuzzed the most."""

MOST_PIXELS = 50_000_000
"""A picture with more is not decoded: as RGBA it would take over 200 MB."""

MOST_READ = 600_000_000
"""Bytes of all files that are read for one page: some seconds from a disk."""

_LONGEST_TEXT = 280
_SOUNDS = {
    b"RIFF": "audio/wav",
    b"OggS": "audio/ogg",
    b"fLaC": "audio/flac",
}


class MediaShelf:
    """Data URIs by key; what two strategies picked is stored once.

    `budget` bounds the characters of all URIs together, `largest` those of one. `full` says
    that something was refused for the budget, `refused` which files were not shown, and why.
    """

    def __init__(self, budget: int, largest: int) -> None:
        self.uris: dict[str, str] = {}
        self.refused: dict[str, str] = {}
        self.full = False
        self._left = budget
        self._largest = largest
        self._readable = MOST_READ

    def side(self, modality: str, value: Any) -> Side:
        """One value of a display column, ready to be shown; never raises for bad content."""
        if is_empty(value):
            return _note(modality, "missing")
        if isinstance(value, Path):
            value = DisplayFile.at(value)
        if isinstance(value, DisplayFile):
            return self._file(modality, value)
        kind = kind_of(value)
        if kind == "text":
            return Side(modality=modality, kind="text", content=shorten(value))
        data = bytes(value)
        return self._medium(modality, kind, data) or _note(modality, _unreadable(kind, data))

    def _file(self, modality: str, file: DisplayFile) -> Side:
        """A picture or a sound by what the file holds, whatever its name says."""
        if self._readable < LARGEST_FILE:
            self.full = True
            return _note(modality, "no room for this file")
        try:
            data = file.read()
        except PoolError as error:
            return self._refuse(modality, file, str(error))
        self._readable -= len(data)
        kind = kind_of(data)
        if kind == "text":
            return self._refuse(modality, file, "holds neither a picture nor a sound")
        shown = self._medium(modality, kind, data)
        return shown or self._refuse(modality, file, f"is {_unreadable(kind, data)}")

    def _refuse(self, modality: str, file: DisplayFile, why: str) -> Side:
        name = shorten(file.name)
        self.refused[name] = why
        return _note(modality, f"{name} {why}")

    def _medium(self, modality: str, kind: Literal["image", "audio"], data: bytes) -> Side | None:
        """A picture drawn anew or a sound as it is; None where it cannot be read."""
        uri = thumbnail(data) if kind == "image" else _uri(data, _sound(data))
        return None if uri is None else self._shelved(modality, kind, uri)

    def _shelved(self, modality: str, kind: Literal["image", "audio"], uri: str) -> Side:
        key = hashlib.blake2b(uri.encode(), digest_size=9).hexdigest()
        if key not in self.uris:
            if len(uri) > self._largest:
                return _note(
                    modality, f"{kind} of {len(uri) / 1e6:.1f} MB, too large for this page"
                )
            if len(uri) > self._left:
                self.full = True
                return _note(modality, f"no room for this {kind}")
            self.uris[key] = uri
            self._left -= len(uri)
        return Side(modality=modality, kind=kind, content=key)


def shorten(value: Any, longest: int = _LONGEST_TEXT) -> str:
    """Text on one line, cut with an ellipsis."""
    if isinstance(value, bytes | bytearray | memoryview):
        value = bytes(value[: 8 * longest]).decode("utf-8", "replace")
    line = " ".join(str(value)[: 8 * longest].split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def thumbnail(data: bytes) -> str | None:
    """A picture as `redrawn` makes it, as data URI, or None."""
    small = redrawn(data)
    if small is None:
        return None
    return _uri(small, "image/png" if small.startswith(b"\x89PNG") else "image/jpeg")


def redrawn(data: bytes) -> bytes | None:
    """A picture drawn anew and small (PNG or JPEG), without anything else that the file held.

    It is upright where the camera was not, and stays lossless where it was small and so. None
    where it cannot be read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata, which are not kept
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                image.draft("RGB", (2 * THUMBNAIL, 2 * THUMBNAIL))
                if image.width * image.height > MOST_PIXELS:
                    return None
                return _drawn(image)
    except Exception:  # noqa: BLE001 - whatever a decoder raises for damaged content
        return None


def _drawn(image: Image.Image) -> bytes:
    see_through = "A" in image.getbands() or "transparency" in image.info
    lossless = image.format != "JPEG" and max(image.size) <= THUMBNAIL
    gray = image.mode in ("1", "L")
    small = image.convert("RGBA" if see_through else "L" if gray else "RGB")
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    small = ImageOps.exif_transpose(small)
    small.info.clear()  # a profile or a comment, which would be written along
    buffer = io.BytesIO()
    if see_through or lossless:
        small.save(buffer, "PNG", optimize=True)
    else:
        small.save(buffer, "JPEG", quality=75, optimize=True)
    return buffer.getvalue()


def _sound(data: bytes) -> str:
    if data[4:8] == b"ftyp":
        return "audio/mp4"
    return _SOUNDS.get(data[:4], "audio/mpeg")


def _uri(data: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def _unreadable(kind: str, data: bytes) -> str:
    if data.lstrip().startswith((b"<svg", b"<?xml")):
        return "a drawing (SVG), which is not shown; convert it to PNG"
    return f"{'a picture' if kind == 'image' else 'a sound'} that cannot be read"


def _note(modality: str, content: str) -> Side:
    return Side(modality=modality, kind="note", content=content)
