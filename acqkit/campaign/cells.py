"""Any text in one cell of a sheet, so that spreadsheets neither change nor execute it.

A text that spreadsheets leave alone is written as it is. Any other is written as a JSON string:
its quotes keep it from being taken for a number, a date or a formula, and its escapes spell out
what nobody sees.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from decimal import Decimal

from acqkit.pool.look_alikes import look_alike

_FORMULA = "[=+\\-@＝＋－＠]"
_EXECUTED = re.compile(rf"(?<=[,;])\s*{_FORMULA}")
"""A formula for spreadsheets that take the other one of the two for the end of a cell."""

_COUNT = re.compile("0|[1-9][0-9]{0,14}")
"""Whole numbers that every spreadsheet keeps; those with more than 15 digits are rounded."""

_MONTHS = (
    "jan(uary?|uar|v(ier)?)?|f[eé]v(r(ier)?)?|feb(ruary?|ruar)?|mar(ch|s)?|m[aä]rz?|mrz|apr(il)?"
    "|avr(il)?|ma[yi]|jun[ei]?|juin|jul[yi]?|juil(let)?|aug(ust)?|ao[uû]t|sep(t(ember|embre)?)?"
    "|o[ck]t(ober|obre)?|nov(ember|embre)?|d[eé][cz](ember|embre)?"
)
_CHANGED = re.compile(
    rf"\s*(['\"]|{_FORMULA})"  # marks of text, formulas
    r"|(?=\D*\d)[\W\d_]++(e[\W\d_]*)?([ap]m?)?\W*$"  # numbers, times, amounts
    rf"|(?=\D*\d)[\W\d_]*+({_MONTHS})[\W\d_]*+$"  # dates
    r"|#[A-Z0-9/]+[!?]?$|(true|false|wahr|falsch|vrai|faux)$",
    re.IGNORECASE | re.DOTALL,
)
"""What begins a text that English, German or French spreadsheets may change or execute."""

_EMPTIED = frozenset(
    {"N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "<NA>", "-NaN", "-nan"}
)
"""What pandas reads as an empty cell unless told not to."""

_PART = re.compile(r'\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<plain>[^;]*?))\s*(?:;|\Z)', re.DOTALL)


def is_plain(text: str) -> bool:
    """Whether spreadsheets leave `text` as it is and people see all of it."""
    if _COUNT.fullmatch(text):
        return True
    seen_whole = text.isprintable() and text == look_alike(text) != ""
    return seen_whole and not (text in _EMPTIED or _CHANGED.match(text) or _EXECUTED.search(text))


def cell(text: str) -> str:
    """`text` as a cell says it; `text_of` is its inverse."""
    return text if is_plain(text) else quoted(text)


def quoted(text: str, spelled_out: int = 0) -> str:
    r"""`text` as a JSON string, its first `spelled_out` characters as escapes (`\u0061`)."""
    # Whatever composes characters (NFC) would change a text that is not composed.
    ascii_only = not unicodedata.is_normalized("NFC", text)
    rest = json.dumps(text[spelled_out:], ensure_ascii=ascii_only)[1:]
    rest = _EXECUTED.sub(lambda found: _escaped(found[0]), rest)
    shown = "".join(c if c.isprintable() else _escaped(c) for c in rest)
    return f'"{_escaped(text[:spelled_out])}{shown}'


def _escaped(text: str) -> str:
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def unquoted(text: str) -> str | None:
    """The text that a JSON string says; None where `text` is no JSON string."""
    try:
        said = json.loads(text.strip())
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, str) else None


def text_of(cell: str) -> str:
    """The text that a cell says."""
    said = unquoted(cell)
    return cell if said is None else said


def parts(cell: str) -> Iterator[str]:
    """What stands between the semicolons of a cell, but for those in JSON strings."""
    at = 0
    while found := _PART.match(cell, at):
        yield found["quoted"] or found["plain"]
        if found.end() == len(cell) and not found[0].endswith(";"):
            return
        at = found.end()


class Known:
    """Texts by what a cell may say when it means one of them.

    A plain cell means the text that looks like it, or is the same number or truth value: 007
    comes back from a spreadsheet as 7, true as WAHR. A quoted one means what it says.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._by_form: dict[Hashable, set[str]] = defaultdict(set)
        self._by_loss: dict[str, set[str]] = defaultdict(set)
        for text in texts:
            for form in _forms(text):
                self._by_form[form].add(text)
            if not text.isascii():
                self._by_loss[look_alike(_lossy(text))].add(text)

    def find(self, cell: str) -> set[str]:
        """All texts that `cell` may mean, quoted or not."""
        said = unquoted(cell)
        exact = set() if said is None else self._by_form.get(look_alike(said), set())
        # A text may have lost its characters to an encoding without them, in quotes or not.
        lost = self._by_loss.get(look_alike(cell.strip('" ')), set())
        return exact | self.find_plain(cell) | lost

    def find_plain(self, cell: str) -> set[str]:
        """All texts that `cell` may mean as it stands."""
        return {text for form in _forms(cell) for text in self._by_form.get(form, ())}


_NUMBER = re.compile(r"[+-]?([0-9]{1,40})(?:([.,])([0-9]{1,40}))?(?:[eE][+-]?[0-9]{1,3})?")
_TRUE, _FALSE = frozenset({"true", "wahr", "vrai"}), frozenset({"false", "falsch", "faux"})


def _forms(text: str) -> Iterator[Hashable]:
    """What `text` may be taken for: as people see it, as a number, as a truth value."""
    form = look_alike(text)
    yield form
    if number := _NUMBER.fullmatch(form):
        yield Decimal(form.replace(",", "."))
        if number[2] and len(number[3]) == 3:  # A separator of thousands, somewhere.
            yield Decimal(form.replace(number[2], ""))
    for truth in (_TRUE, _FALSE):
        if form.casefold() in truth:
            yield truth


def _lossy(text: str) -> str:
    return text.encode("ascii", "replace").decode()
