"""Pictures: from a file's content to RGB, and to what is kept for people to look at."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageOps

from acqkit.errors import PoolError
from acqkit.pool.display import kind_of
from acqkit.pool.source import one_line

SHOWN_BYTES = 1_000_000
"""Bytes up to which a picture is kept for people as it is; a larger one is kept smaller."""

SHOWN_PIXELS = 1024
"""Longest side of a picture that is kept smaller: what a screen shows beside a text."""

_BACKGROUND = (255, 255, 255)
"""Behind what is transparent: as pages and viewers show it. Black would swallow black drawings."""


def picture(content: bytes) -> Image.Image:
    """A picture file's content as RGB: upright, on white; raises PoolError for what is none.

    Of an animation the first frame; 16-bit gray is scaled to 8 bits.
    """
    with _reading(), Image.open(io.BytesIO(content)) as image:
        return in_rgb(image)


def in_rgb(image: Image.Image) -> Image.Image:
    """A picture in RGB: upright, on white; raises what Pillow does."""
    image.load()
    return _on_white(ImageOps.exif_transpose(image))


def shown(content: bytes) -> bytes:
    """The content of a picture file as people are shown it: as it is, or smaller."""
    if len(content) <= SHOWN_BYTES and kind_of(content) == "image":
        return content
    image = picture(content)
    image.thumbnail((SHOWN_PIXELS, SHOWN_PIXELS))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        # Pillow clips at 255 what it converts.
        gray = np.asarray(image, dtype=np.uint32) >> 8
        return Image.fromarray(gray.clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    ground = Image.new("RGBA", layered.size, (*_BACKGROUND, 255))
    return Image.alpha_composite(ground, layered).convert("RGB")


@contextmanager
def _reading() -> Iterator[None]:
    """Turn whatever Pillow raises over a file into a PoolError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of metadata that nobody reads
            yield
    except Exception as error:  # noqa: BLE001 - Pillow raises nearly any exception there is
        said = one_line(error)
        if "cannot identify" in said:
            said = "no kind of picture that Pillow knows"
        raise PoolError(f"is no picture that can be read ({said})") from None
