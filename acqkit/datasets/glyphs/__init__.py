"""The built-in pool `glyphs`: characters as pairs of their picture and their Unicode name."""

from acqkit.datasets.glyphs.component import Glyphs

__all__ = ["Glyphs"]
