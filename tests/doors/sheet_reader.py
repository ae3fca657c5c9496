"""A reader of sheets that shares no code with acqkit's, and what was recorded compared with it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from sheet_campaigns import Made, Rows

Label = tuple[str, ...] | None
"""Class names in the pool's order; None for "can't tell"."""

TRUE, FALSE = ("true", "wahr", "vrai"), ("false", "falsch", "faux")


def decoded(data: bytes) -> str:
    """The text, by its first bytes; else UTF-8, else ANSI."""
    marks = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    for mark, encoding in marks.items():
        if data.startswith(mark):
            return data.decode(encoding)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252")


def table(text: str, delimiter: str) -> Rows:
    """The cells, by RFC 4180; any of the three line ends."""
    rows: Rows = [[]]
    at = 0
    while at < len(text):
        cell, at = _cell(text, at, delimiter)
        rows[-1].append(cell)
        if at == len(text):
            break
        if text[at] == delimiter:
            at += 1
            if at == len(text) or text[at] in "\r\n":
                rows[-1].append("")
        if at < len(text) and text[at] in "\r\n":
            at += 2 if text.startswith("\r\n", at) else 1
            rows.append([])
    return rows


def _cell(text: str, at: int, delimiter: str) -> tuple[str, int]:
    if not text.startswith('"', at):
        end = min(found for mark in (delimiter, "\r", "\n") for found in [_find(text, mark, at)])
        return text[at:end], end
    cell = ""
    while True:
        end = text.index('"', at + 1)  # what is quoted has an end
        cell += text[at + 1 : end]
        if not text.startswith('"', end + 1):
            assert text[end + 1 : end + 2] in ("", delimiter, "\r", "\n"), "after a quote"
            return cell, end + 1
        cell, at = f'{cell}"', end + 1


def _find(text: str, mark: str, at: int) -> int:
    found = text.find(mark, at)
    return len(text) if found < 0 else found


def said_in(cell: str) -> Iterator[str]:
    """The texts that a cell may be a spelling of without loss: itself, and a JSON string's."""
    yield cell
    yield cell.strip()
    try:
        said = json.loads(cell.strip())
    except (ValueError, RecursionError):
        return
    if isinstance(said, str):
        yield said


def as_seen(text: str) -> str:
    """A text as people see it."""
    text = re.sub("[\u115f\u1160\u3164\uffa0]", "", text)  # letters without a picture
    seen = "".join(
        c
        for c in text
        if c.isspace()
        or unicodedata.category(c) not in ("Cc", "Cf", "Mn")
        or unicodedata.combining(c)
    )
    return " ".join(unicodedata.normalize("NFC", seen).split())


def alike(cell: str, text: str) -> bool:
    """Whether a program, or somebody who types, may make `cell` of `text`."""
    for said in said_in(cell):
        seen, wanted = as_seen(said), as_seen(text)
        if seen == wanted or (_numbers(seen) & _numbers(wanted)):
            return True
        if any({seen.casefold(), wanted.casefold()} <= {*words} for words in (TRUE, FALSE)):
            return True
    lost = as_seen(text.encode("ascii", "replace").decode())
    return not text.isascii() and as_seen(cell.strip('" ')) == lost


def _numbers(text: str) -> set[float]:
    if not re.fullmatch(r"[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)?", text):
        return set()
    forms = {text.replace(",", ".")}
    if re.search(r"[.,][0-9]{3}([eE]|$)", text):
        forms.add(text.replace(",", "").replace(".", ""))
    return {float(form) for form in forms}


def meanings(cell: str, names: list[str], multilabel: bool) -> set[Label]:
    """The labels that a cell may mean: those that it spells, or else those that it is like."""
    text = cell.strip()
    spelled = {name for name in names if name in said_in(cell)}
    found: set[Label] = {(name,) for name in spelled}
    if not any(alike(text, name) for name in names if not text.startswith('"')):
        found |= {None} if text in ("?", _mark("?", names)) else set()
        found |= {()} if multilabel and text in ("-", _mark("-", names)) else set()
    parts = _parts(text)
    if multilabel and len(parts) > 1:
        members = [[name for name in names if name in said_in(part)] for part in parts]
        if not all(members):
            members = [[name for name in names if alike(part, name)] for part in parts]
        if all(len(own) == 1 for own in members):
            found.add(tuple(sorted((own[0] for own in members), key=names.index)))
    return found or {(name,) for name in names if alike(cell, name)}


def _mark(mark: str, names: list[str]) -> str:
    while any(alike(mark, name) for name in names):
        mark = f"({mark})"
    return mark


def _parts(text: str) -> list[str]:
    """What is between the semicolons that are not in quotes."""
    pieces = re.findall(r'\s*("(?:[^"\\]|\\.)*"|[^;]*?)\s*(;|$)', text, re.DOTALL)
    parts = [part for part, _ in pieces]
    return parts[:-1] if parts and not parts[-1] and pieces[-1][1] == "" else parts


def difference(data: bytes, made: Made, new: list[Any], replace: bool) -> str | None:
    """What was recorded (`new` lines of the log) and is not what the sheet says, or None."""
    rows = _labeled_rows(decoded(data))
    told = {str(made.ids[at]): _named(classes, made.names) for at, _, classes in new}
    if len(told) < len(new) or any(who != "door" for _, who, _ in new):
        return f"recorded twice, or for somebody else: {new}"
    named = set()
    for row in rows:
        pair = _pair(row, made)
        if pair is None:
            return f"no one pair is named by {row}"
        named.add(pair)
        wanted = meanings(row["label"], made.names, made.multilabel)
        if len(wanted) != 1 or told.get(pair, "nothing") not in wanted:
            return f"{pair!r} is {told.get(pair, 'nothing')}, wanted {wanted} by {row}"
        members = map(str, made.batches.get(row["batch"].strip(), ()))
        if pair not in members:
            return f"{pair!r} is not in the batch of {row}"
    if named != told.keys():
        return f"recorded, but in no row: {told.keys() - named}"
    for at, _, classes in made.log:
        now = told.get(str(made.ids[at]), "nothing")
        if now not in ("nothing", _named(classes, made.names)) and not replace:
            return f"{made.ids[at]!r} had another answer"
    return None


def _labeled_rows(text: str) -> list[dict[str, str]]:
    for delimiter in ",;\t":
        try:
            header, *rows = table(text, delimiter)
        except (AssertionError, ValueError):  # it is another one
            continue
        names = [name.strip() for name in header]
        if {"batch", "id", "label"} <= {*names}:
            found = [dict(zip(names, row + [""] * len(names), strict=False)) for row in rows]
            return [row for row in found if as_seen(row["label"])]
    raise AssertionError("no sheet")


def _pair(row: dict[str, str], made: Made) -> str | None:
    """The one pair that a row names, as text; None where that is not certain."""
    texts = [*map(str, made.ids)]
    exact = [text for text in texts if text in said_in(row["id"])]
    key = row.get("key", "").strip()
    if key:
        pairs = [text for text, own in made.keys.items() if own.lstrip("b") == key.lstrip("b")]
        fine = pairs and (pairs[0] in exact or (not exact and alike(row["id"], pairs[0])))
        return pairs[0] if fine else None
    return exact[0] if len(exact) == 1 else None


def _named(classes: list[int] | None, names: list[str]) -> Label:
    return None if classes is None else tuple(names[one] for one in classes)
