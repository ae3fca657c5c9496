"""Pictures, sounds and texts of pairs, small enough to be carried inside the page."""

from __future__ import annotations

import base64
import hashlib
import io
import warnings
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from acqkit.pool.display import is_path, kind_of
from acqkit.report.data import Side

THUMBNAIL = 112
"""Longest side of a picture, in pixels."""

_KEPT_AS_IS = 6_000
_LONGEST_TEXT = 280
_MIME = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "audio/wav",
    b"ID3": "audio/mpeg",
    b"OggS": "audio/ogg",
    b"fLaC": "audio/flac",
}


class MediaShelf:
    """Data URIs by key; what two strategies picked is stored once.

    `budget` bounds the characters of all URIs together, `largest` those of one. `full` says
    that something was refused for the budget.
    """

    def __init__(self, budget: int, largest: int) -> None:
        self.uris: dict[str, str] = {}
        self.full = False
        self._left = budget
        self._largest = largest

    def side(self, modality: str, value: Any) -> Side:
        """One value of a display column, ready to be shown; never raises for bad content."""
        if value is None or (hasattr(value, "__len__") and len(value) == 0):
            return Side(modality=modality, kind="note", content="missing")
        kind = kind_of(value)
        if kind == "text":
            return Side(modality=modality, kind="text", content=shorten(value))
        data = _bytes_of(value)
        if data is None:
            return Side(modality=modality, kind="note", content=f"{kind} not found: {value}")
        uri = _picture(data) if kind == "image" else _uri(data, _mime(data, "audio/mpeg"))
        if uri is None:
            return Side(modality=modality, kind="note", content="this picture cannot be read")
        return self._shelved(modality, kind, uri)

    def _shelved(self, modality: str, kind: Literal["image", "audio"], uri: str) -> Side:
        key = hashlib.blake2b(uri.encode(), digest_size=9).hexdigest()
        if key not in self.uris:
            if len(uri) > self._largest:
                note = f"{kind} of {len(uri) / 1e6:.1f} MB, too large for this page"
                return Side(modality=modality, kind="note", content=note)
            if len(uri) > self._left:
                self.full = True
                return Side(modality=modality, kind="note", content=f"no room for this {kind}")
            self.uris[key] = uri
            self._left -= len(uri)
        return Side(modality=modality, kind=kind, content=key)


def shorten(value: Any, longest: int = _LONGEST_TEXT) -> str:
    """Text on one line, cut with an ellipsis."""
    text = bytes(value).decode("utf-8", "replace") if not isinstance(value, str) else value
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _bytes_of(value: Any) -> bytes | None:
    if not is_path(value):
        return bytes(value)
    try:
        return Path(value).read_bytes()
    except OSError:
        return None


def _mime(data: bytes, otherwise: str) -> str:
    return next((mime for magic, mime in _MIME.items() if data.startswith(magic)), otherwise)


def _uri(data: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def _picture(data: bytes) -> str | None:
    """A thumbnail as data URI; a drawing (SVG) or a small picture stays as it is."""
    if data.lstrip().startswith((b"<svg", b"<?xml")):
        return _uri(data, "image/svg+xml")
    try:
        with warnings.catch_warnings():
            # A picture that would unpack to gigabytes is one that cannot be read.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as image:
                as_is = max(image.size) <= THUMBNAIL and len(data) <= _KEPT_AS_IS
                if as_is and (mime := _mime(data, "")):
                    return _uri(data, mime)
                image.draft("RGB", (2 * THUMBNAIL, 2 * THUMBNAIL))
                return _thumbnail(image)
    except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError):
        return None


def _thumbnail(image: Image.Image) -> str:
    see_through = "A" in image.getbands() or "transparency" in image.info
    small = image.convert("RGBA" if see_through else "RGB")
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    if see_through:
        small.save(buffer, "PNG", optimize=True)
        return _uri(buffer.getvalue(), "image/png")
    small.save(buffer, "JPEG", quality=75, optimize=True)
    return _uri(buffer.getvalue(), "image/jpeg")
