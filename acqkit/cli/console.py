"""What the command prints: every text as it is, whoever wrote it.

Names of classes, files and plugins come from others. Nothing in them is markup here, and a
character that would steer the terminal is shown by its escape.
"""

from __future__ import annotations

import json
import unicodedata
import warnings
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from acqkit.errors import AcqkitWarning

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories without a picture: control and format characters, lone surrogates, and
the two separators that some terminals take for line ends."""

_SHAPING = "\u200c\u200d"
"""Joiners without which Persian, Indic scripts and emoji are not written right."""


def visible(text: str, keep: str = "\n") -> str:
    r"""`text` with whatever has no picture shown by its escape, as `\x1b`, but for `keep`."""
    return "".join(
        repr(c)[1:-1]
        if unicodedata.category(c) in _UNSEEN and c not in _SHAPING and c not in keep
        else c
        for c in text
    )


class PlainConsole(Console):
    """A console on which no text is markup; styles are given beside the text."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """The one place where rich makes text of a string: printed, in cells and in titles."""
        return super().render_str(visible(text), **options)


def say(sentence: object) -> None:
    """Print a line; a long one is left to the terminal to wrap, so that paths can be copied."""
    PlainConsole().print(str(sentence), soft_wrap=True)


def say_json(data: Any) -> None:
    """Print data for programs."""
    PlainConsole().print(json.dumps(data, indent=1, default=str), soft_wrap=True)


def say_error(sentence: str) -> None:
    """Print what went wrong as one line on stderr."""
    _say_line(("error: ", "bold red"), sentence)


def say_own_warnings() -> None:
    """From now on, print each warning of acqkit as one line on stderr, the same one once."""
    show_others, said = warnings.showwarning, set[str]()

    def show(message: Warning | str, category: type[Warning], *more: Any, **named: Any) -> None:
        text = str(message)
        if not issubclass(category, AcqkitWarning):
            show_others(message, category, *more, **named)
        elif text not in said:  # Python's own "once" forgets whenever somebody changes a filter
            said.add(text)
            _say_line(("note: ", "yellow"), text)

    warnings.showwarning = show


def _say_line(head: tuple[str, str], sentence: str) -> None:
    line = visible(" ".join(sentence.split("\n")), keep="")
    PlainConsole(stderr=True).print(Text.assemble(head, line), soft_wrap=True)


def say_table(rows: Mapping[str, object]) -> None:
    """Print names with what they stand for."""
    table = Table(show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, str(value))
    PlainConsole().print(table)
