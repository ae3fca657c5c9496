"""Sheets as they may come back: filled in, with odd cells, rows, headers, programs and bytes."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

from hypothesis import strategies as st
from pool_files import hurt
from pool_inputs import Damage, damages
from sheet_campaigns import CLASSES, Rows, made

ODD = [
    "", " ", "?", "-", "(?)", "(-)", "a;b", "a; b", "b;a", "a;a", ";", "a;", '"a"', '"a";"b"', '"a',
    'a"b', "7", "007", "7.0", "7,5", "7.5", "1,500", "1.500", "1500.0", "1E0", "true", "WAHR",
    "VRAI", "TRUE", "é", "e\u0301", "H?ndin", "Hündin ", "\u200bcat", "cat\u00a0", "Cat", "cats",
    "cat;dog", "\ufeff", "\0", "=cat", "'cat", "02. Jan", "NaN", "NA", "#N/A", "None", "x  y",
    '"\\u0061"', '"\\ud800"', "label", "batch-000", "batch-009", "p0", "p11", "0", "\n", "x" * 500,
    "9" * 200, "1e999", '{"a": 1}', "[1]", "null",
]  # fmt: skip
HEADERS = ["batch", "id", "key", "label", "Label", " id ", "", "labels", "batch\n", "\ufeffbatch"]
CHANGES = [
    "cell", "cell", "cell", "swap", "swap rows", "drop", "double", "short", "long", "empty row",
    "header", "column away", "column twice", "columns", "again", "spell",
]  # fmt: skip
PROGRAMS = [
    ("utf-8", ","), ("utf-8", ","), ("utf-8-sig", ";"), ("utf-16", "\t"), ("cp1252", ";"),
    ("utf-8", ";"), ("utf-16-be", ","), ("latin-1", ","), ("cp437", ","), ("utf-8", "|"),
    ("utf-32", ","),
]  # fmt: skip


@dataclass
class Sheet:
    """What is told to the campaign of a setting: a table, how it is saved, and its damage."""

    setting: str
    rows: Rows
    encoding: str = "utf-8"
    delimiter: str = ","
    line_end: str = "\r\n"
    quote_all: bool = False
    replace: bool = False
    damage: list[Damage] = field(default_factory=list)

    def content(self) -> bytes:
        """The file."""
        text = io.StringIO(newline="")
        writer = csv.writer(
            text,
            delimiter=self.delimiter,
            lineterminator=self.line_end,
            quoting=csv.QUOTE_ALL if self.quote_all else csv.QUOTE_MINIMAL,
        )
        writer.writerows(self.rows)
        data = text.getvalue().encode(self.encoding, "replace")
        for damage in self.damage:
            data = hurt(data, damage)
        return data


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    """The sheet of three batches with some labels in it, and what happened to it."""
    setting = draw(st.sampled_from(sorted(CLASSES)))
    rows = [list(row) for row in made(setting).rows]
    names = CLASSES[setting]
    for row in rows[1:]:
        row[-1] = draw(st.one_of(st.just(""), st.sampled_from(names), st.sampled_from(["?", "-"])))
    for _ in range(draw(st.integers(0, 3))):
        _change(draw, rows, draw(st.sampled_from(CHANGES)))
    encoding, delimiter = draw(st.sampled_from(PROGRAMS))
    line_end = draw(st.sampled_from(["\r\n", "\r\n", "\n", "\r"]))
    quote_all, replace = draw(st.booleans()), draw(st.booleans())
    damage = draw(damages())
    return Sheet(setting, rows, encoding, delimiter, line_end, quote_all, replace, damage)


def _change(draw: st.DrawFn, rows: Rows, how: str) -> None:
    at, other = (draw(st.integers(0, len(rows) - 1)) for _ in range(2))
    row, beside = rows[at], rows[other]
    column = draw(st.integers(0, max(0, min(len(row), len(beside)) - 1)))
    if how in ("drop", "double", "swap rows", "empty row", "again"):
        _change_rows(rows, at, other, how)
    elif how == "header":
        rows[0][column % len(rows[0])] = draw(st.sampled_from(HEADERS))
    elif how == "columns":
        order = draw(st.permutations(range(len(rows[0]))))
        rows[:] = [[each[i] for i in order] if len(each) == len(order) else each for each in rows]
    elif how == "column away":
        rows[:] = [each[:column] + each[column + 1 :] for each in rows]
    elif how == "column twice":
        rows[:] = [[*each, *each[column : column + 1]] for each in rows]
    elif not row or not beside:
        return
    elif how == "cell":
        row[column] = draw(st.one_of(st.sampled_from(ODD), st.text(max_size=4)))
    elif how == "spell":
        row[column] = draw(st.sampled_from(_spellings(row[column])))
    elif how == "swap":
        row[column], beside[column] = beside[column], row[column]
    elif how == "short":
        del row[column:]
    else:
        row.insert(column, draw(st.sampled_from(ODD)))


def _change_rows(rows: Rows, at: int, other: int, how: str) -> None:
    if how == "drop":
        del rows[at]
    elif how == "double":
        rows.insert(other, list(rows[at]))
    elif how == "swap rows":
        rows[at], rows[other] = rows[other], rows[at]
    elif how == "empty row":
        rows.insert(at, [])
    else:  # two sheets in one file, with the header of each
        rows += [list(row) for row in rows[: at + 1]]
    if not rows:
        rows.append([])


def _spellings(cell: str) -> list[str]:
    """The same text otherwise, or nearly."""
    return [
        f" {cell} ", f"{cell}.0", f"{cell},0", f'"{cell}"', f"0{cell}", f"+{cell}", cell.upper(),
        cell.replace(",", "."), cell.replace(".", ","), cell[:-1], cell[1:], f"{cell};", f"'{cell}",
        "".join(f"\\u{ord(c) % 65536:04x}" for c in cell), cell.encode("ascii", "replace").decode(),
    ]  # fmt: skip


SHEETS = sheets()
