"""What spreadsheets do to the cells of a CSV file that they open and save, by locale."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

_NUMBER = r"[+-]?[0-9]+({point}[0-9]+)?(e[+-]?[0-9]+)?"
_DATE = (
    r"[0-9]{1,4}[-/.][0-9]{1,2}([-/.][0-9]{1,4})?|[0-9]{1,2}[-. ]*(jan|feb|mar|may|sep|dec)[a-z]*"
)


@dataclass(frozen=True)
class Excel:
    """Excel in one locale: what it makes of a cell, and how it saves as CSV."""

    point: str
    delimiter: str
    truth: tuple[str, str]
    encoding: str

    def save(self, rows: list[list[str]]) -> bytes:
        """The file that it saves of `rows`; characters that the encoding lacks become `?`."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self.delimiter)
        writer.writerows([self.cell(value) for value in row] for row in rows)
        return text.getvalue().encode(self.encoding, "replace")

    def cell(self, value: str) -> str:
        """A cell as it comes back; an executed formula fails the test."""
        text = value.strip().lower()
        if re.fullmatch(_NUMBER.format(point=re.escape(self.point)), text):
            number = float(text.replace(self.point, "."))
            return f"{number:.15g}".upper().replace(".", self.point)
        if re.fullmatch(_DATE, text):
            return "02. Jan"
        if text in ("true", "false", *map(str.lower, self.truth)):
            return self.truth[text in ("false", self.truth[1].lower())]
        assert not text.startswith(tuple("=+-@")) or value == "-", f"executes {value!r}"
        return value


EXCELS = {
    "US, CSV": Excel(".", ",", ("TRUE", "FALSE"), "cp1252"),
    "US, CSV UTF-8": Excel(".", ",", ("TRUE", "FALSE"), "utf-8-sig"),
    "German, CSV": Excel(",", ";", ("WAHR", "FALSCH"), "cp1252"),
    "German, CSV UTF-8": Excel(",", ";", ("WAHR", "FALSCH"), "utf-8-sig"),
    "French, CSV": Excel(",", ";", ("VRAI", "FAUX"), "cp1252"),
    "French, Unicode text": Excel(",", "\t", ("VRAI", "FAUX"), "utf-16"),
}
