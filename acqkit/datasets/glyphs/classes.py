"""Which classes a character belongs to, by its Unicode name and category, and its text.

A character has one class or several: its script or the family of symbols it is from, what
its name says it is, and its Unicode category.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SCRIPTS = {
    "Latin": "LATIN",
    "Greek": "GREEK",
    "Coptic": "COPTIC",
    "Cyrillic": "CYRILLIC",
    "Armenian": "ARMENIAN",
    "Hebrew": "HEBREW",
    "Arabic": "ARABIC|EXTENDED ARABIC-INDIC|ARABIC-INDIC",
    "N'Ko": "NKO",
    "Lao": "LAO",
    "Georgian": "GEORGIAN",
    "Canadian syllabics": "CANADIAN|SYLLABICS",
    "Ogham": "OGHAM",
    "Old Italic": "OLD ITALIC",
    "Tifinagh": "TIFINAGH|BERBER",
    "Lisu": "LISU",
    "Braille": "BRAILLE|PATTERN",
}
"""Class to the words of a name that imply it; they are removed from the text."""

FAMILIES = {
    "box drawing": "BOX DRAWINGS",
    "domino": "DOMINO|TILE",
    "playing card": "PLAYING|CARD",
    "hexagram": "HEXAGRAM",
    "tetragram": "TETRAGRAM",
    "mathematical": "MATHEMATICAL",
}
"""The same for families of symbols."""

KINDS = {
    "negated": "NOT|NEITHER",
    "relation": "LESS-THAN|GREATER-THAN|EQUALS?|EQUIVALENT|PRECEDES|SUCCEEDS|SUBSET|SUPERSET"
    "|ALMOST|APPROXIMATE|APPROXIMATELY|IDENTICAL|SIMILAR",
    "integral": "INTEGRAL",
    "arrow": "ARROWS?|HARPOONS?",
    "circled": "CIRCLED",
    "face": "FACES?",
    "star or asterisk": "STARS?|ASTERISKS?|FLORETTE|SNOWFLAKE|SPARKLES?",
    "triangle": "TRIANGLE|POINTER",
    "square": "SQUARE(?! BRACKET| ROOT| IMAGE| ORIGINAL| CAP| CUP)",
    "circle": "CIRCLE|BULLET",
    "block": "BLOCK|QUADRANT|SHADE",
    "music": "MUSIC|NOTES?",
    "zodiac": "ARIES|TAURUS|GEMINI|CANCER|LEO|VIRGO|LIBRA|SCORPIUS|SAGITTARIUS|CAPRICORN"
    "|AQUARIUS|PISCES",
    "chess": "CHESS",
    "tone": "TONE",
    "ligature": "LIGATURE|DIGRAPH",
    "double-struck": "DOUBLE-STRUCK",
    "superscript": "SUPERSCRIPT",
    "subscript": "SUBSCRIPT",
    "positional form": "(?:INITIAL|MEDIAL|FINAL|ISOLATED) FORM",
    "quotation mark": "QUOTATION",
    "fraction": "FRACTION",
    "uppercase": "CAPITAL LETTER",
    "lowercase": "SMALL LETTER",
}
"""Class to the words of a name that imply it and stay in the text."""

CATEGORIES = {
    "Lu": "uppercase",
    "Lt": "uppercase",
    "Ll": "lowercase",
    "Lm": "modifier",
    "Sk": "modifier",
    "Mn": "combining mark",
    "Me": "combining mark",
    "Nd": "number",
    "Nl": "number",
    "No": "number",
    "Sc": "currency",
    "Ps": "bracket",
    "Pe": "bracket",
    "Pi": "bracket",
    "Pf": "bracket",
    "Po": "punctuation",
    "Pd": "punctuation",
    "Pc": "punctuation",
    "Sm": "mathematical",
}
"""Unicode category to class."""

OTHER = "symbol"
"""The class of characters that have no other: suns, snowmen, planets, tools, ..."""

CLASSES = tuple(dict.fromkeys([*SCRIPTS, *FAMILIES, *KINDS, *CATEGORIES.values(), OTHER]))


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])")


_PATTERNS = {name: _words(words) for name, words in (SCRIPTS | FAMILIES | KINDS).items()}
_REMOVED = _words("|".join((SCRIPTS | FAMILIES).values()))


def classes_of(character: str) -> list[str]:
    """The classes of a character, at least one."""
    name = unicodedata.name(character)
    found = [label for label, pattern in _PATTERNS.items() if pattern.search(name)]
    category = CATEGORIES.get(unicodedata.category(character))
    if category is not None and category not in found:
        found.append(category)
    return found or [OTHER]


def label_matrix(characters: Sequence[str]) -> NDArray[np.uint8]:
    """Labels `[n, len(CLASSES)]` 0/1 of characters."""
    column = {label: index for index, label in enumerate(CLASSES)}
    matrix = np.zeros((len(characters), len(CLASSES)), dtype=np.uint8)
    for row, character in enumerate(characters):
        matrix[row, [column[label] for label in classes_of(character)]] = 1
    return matrix


def text_of(character: str) -> str:
    """The character's Unicode name without the words that name its script or family."""
    return " ".join(_REMOVED.sub(" ", unicodedata.name(character)).split())


def base_of(character: str) -> str:
    """The character of which this one is a variant (an accent, a form, a style), or itself."""
    return unicodedata.normalize("NFKD", character)[0]
