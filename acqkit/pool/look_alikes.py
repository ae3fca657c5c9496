"""Texts that people cannot tell apart: composed or not, with blanks or invisible characters."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.randomness import id_keys

_INVISIBLE = re.compile(
    "[\0-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Control characters but blanks, and Unicode's Default_Ignorable_Code_Point (UAX #44)."""


def look_alike(text: str) -> str:
    """The same text for all that look like `text`.

    Composed (NFC), without invisible characters, with one space for each run of blanks inside
    and none around.
    """
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    return " ".join(text.split())


def look_alike_keys(ids: NDArray[Any]) -> NDArray[np.uint64]:
    """A hash of each id `[n]`, integers or strings, that look-alikes share."""
    keys = id_keys(ids)
    if ids.dtype.kind == "U" and ids.dtype.itemsize:
        characters = np.ascontiguousarray(ids).view(np.uint32).reshape(len(ids), -1)
        inside = np.arange(characters.shape[1]) < np.char.str_len(ids)[:, None]
        doubtful = (((characters <= ord(" ")) | (characters > ord("~"))) & inside).any(axis=1)
        if doubtful.any():
            keys[doubtful] = id_keys(
                np.array([look_alike(text) for text in ids[doubtful].tolist()])
            )
    return keys


def told_apart(first: str, second: str) -> str:
    """Two look-alikes as a message names them: what differs between them is spelled out."""
    return f"{first!a} and {second!a}, which people cannot tell apart"
