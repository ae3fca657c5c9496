"""Glyphs as pictures: outlines of a font drawn in gray, and features of such pictures."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.ft2font import FT2Font
from matplotlib.path import Path as Outline
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray
from PIL import Image

from acqkit.embeddings import FloatArray

SIZE = 32
"""Width and height of a picture in pixels."""

_EM = 24.0
"""Pixels per em: the largest at which capitals with two accents and descenders fit."""
_BASELINE = 7.0
"""Pixels below the baseline, on which letters stand: room for descenders."""
_MARGIN = 0.5
"""Pixels kept free at each edge, so that antialiasing is not cut off."""
_OUTLINE_EM = 1000
"""Size at which outlines are read: hinting, which differs between versions, has no effect."""
_ORIENTATIONS = 8
_CELLS = 5
"""Gradient histograms: directions, and cells per side of a picture."""
_THUMBNAIL = 8
"""Cells per side of the thumbnail, which keeps the amount of ink."""
_THUMBNAIL_WEIGHT = np.float32(0.5)
"""Makes the thumbnail about as long a vector as the gradient histograms."""

Pictures = NDArray[np.uint8]


def drawable_characters(font: FT2Font) -> dict[str, Outline]:
    """Outlines of the characters of the font's charmap that are not blank, in code order."""
    font.set_size(_OUTLINE_EM, 72)
    outlines = {}
    for code in sorted(font.get_charmap()):
        font.load_char(code)
        vertices, codes = font.get_path()
        if len(vertices):
            outlines[chr(code)] = Outline(vertices, codes)
    return outlines


def draw(outlines: Sequence[Outline]) -> Pictures:
    """Coverage by ink `[n, 32, 32]`, 0 to 255, of outlines in units of 1/1000 em.

    All are drawn to one scale on one baseline, so that a raised or small letter looks so,
    and centered horizontally; one that would not fit is moved or made smaller.
    """
    renderer: Any = RendererAgg(SIZE, SIZE, 72)  # type: ignore[no-untyped-call]
    pen = renderer.new_gc()
    pen.set_linewidth(0)
    pen.set_snap(False)
    pictures = np.empty((len(outlines), SIZE, SIZE), dtype=np.uint8)
    for picture, outline in zip(pictures, outlines, strict=True):
        renderer.clear()
        renderer.draw_path(pen, outline, _placement(outline), (0.0, 0.0, 0.0, 1.0))
        picture[:] = np.asarray(renderer.buffer_rgba())[:, :, 3]
    return pictures


def _placement(outline: Outline) -> Affine2D:
    # A closing code comes with a vertex that is not a point of the outline.
    points = np.asarray(outline.vertices)[np.asarray(outline.codes) != Outline.CLOSEPOLY]
    (left, bottom), (right, top) = points.min(axis=0), points.max(axis=0)
    room = SIZE - 2 * _MARGIN
    scale = min(_EM / _OUTLINE_EM, room / max(right - left, top - bottom))
    lowest, highest = _MARGIN - scale * bottom, SIZE - _MARGIN - scale * top
    x = SIZE / 2 - scale * (left + right) / 2
    return Affine2D().scale(scale).translate(x, min(max(_BASELINE, lowest), highest))


def picture_features(pictures: Pictures) -> FloatArray:
    """Features `[n, 264]` of pictures: gradient histograms 8 x 5 x 5 and a thumbnail 8 x 8.

    The squared part of the gradient in each of 8 directions is pooled over 5 x 5 overlapping
    cells, as in HOG (Dalal and Triggs 2005); its blocks are not normalized, so that the
    amount of ink is kept. Square roots of both are taken.
    """
    ink = pictures.astype(np.float32) / np.float32(255)
    down, right = (np.gradient(ink, axis=axis).astype(np.float32) for axis in (1, 2))
    histograms = []
    for angle in 2 * np.pi * np.arange(_ORIENTATIONS) / _ORIENTATIONS:
        towards = np.float32(math.cos(angle)) * right + np.float32(math.sin(angle)) * down
        histograms.append(_pool(np.maximum(towards, 0) ** 2, _CELLS))
    gradients = np.sqrt(np.concatenate(histograms, axis=1))
    thumbnail = _THUMBNAIL_WEIGHT * np.sqrt(_pool(ink, _THUMBNAIL))
    return np.concatenate([gradients, thumbnail], axis=1)


def _pool(values: FloatArray, cells: int) -> FloatArray:
    """Means over `cells` x `cells` overlapping cells, `[n, 32, 32]` to `[n, cells²]`.

    A pixel's weight falls linearly to 0 at the centers of the neighboring cells.
    """
    centers = (np.arange(SIZE) + 0.5) / SIZE * cells - 0.5
    weights = np.maximum(1 - np.abs(centers[:, None] - np.arange(cells)), 0).astype(np.float32)
    weights *= cells / SIZE
    pooled: FloatArray = weights.T @ (values @ weights)
    return pooled.reshape(len(values), cells * cells)


def as_png(picture: Pictures) -> bytes:
    """A picture as PNG, black on white."""
    file = io.BytesIO()
    Image.fromarray(255 - picture).save(file, "PNG")
    return file.getvalue()
