"""Data sets of the cross-modal retrieval field, read from the layouts they are published in."""

from acqkit.datasets.public.components import (
    DATA_SETS,
    MirFlickr25k,
    MsCoco,
    NusWideTC10,
    NusWideTC21,
    PascalSentence,
    Wikipedia,
)

__all__ = [
    "DATA_SETS",
    "MirFlickr25k",
    "MsCoco",
    "NusWideTC10",
    "NusWideTC21",
    "PascalSentence",
    "Wikipedia",
]
