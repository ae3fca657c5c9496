"""The CSV sheets that annotators fill in, with whatever program they like.

Spreadsheets save them with other delimiters and encodings, and change what looks like a number
or a date; sheets come from a pool that anybody may have made. So each row names its pair by a key
that no program changes, and texts are written as `acqkit.campaign.cells` does.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from acqkit.campaign import Batch
from acqkit.campaign.cells import Known, cell, text_of
from acqkit.campaign.label_cells import CANNOT_TELL, NO_CLASS, LabelCells
from acqkit.cli.console import say
from acqkit.errors import CampaignError, shown
from acqkit.pool import PairPool
from acqkit.pool.look_alikes import look_alike

_FIRST, _LAST = ("batch", "id"), ("key", "label")
_NEEDED = ("batch", "id", "label")
_GIVE_LABEL_AWAY = frozenset(
    {"categories", "category", "class", "classes", "label", "labels", "target", "truth"}
)
"""Display columns, in any case, that annotators do not see."""

_LONGEST = 30_000
"""Characters of a display text; Excel splits cells of more than 32,767."""

_KEY_LETTERS = "bcdfghjkmnpqrstv"
"""The digits of keys: they spell neither a number, a date nor a word."""
_TO_LETTERS = str.maketrans("0123456789abcdef", _KEY_LETTERS)
_TO_DIGITS = str.maketrans(_KEY_LETTERS, "0123456789abcdef")

_MOST_ERRORS = 20
_SAVE_AS = "save the sheet as 'CSV UTF-8'"
_ANSI = "cp1252"
_MARKS = {
    "utf-8-sig": (codecs.BOM_UTF8,),
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
}


def sheet_bytes(batch: Batch, pool: PairPool) -> bytes:
    """A row for each pair that nobody has answered: batch, id, what to look at, key, no label."""
    positions = pool.position_of(batch.pending).tolist()
    columns = list(_shown(pool, positions))
    cells = LabelCells(pool.class_names, pool.multilabel)
    help = cells.help if batch.about is None else _question(cells.write((batch.about,)))
    names = _different([name for name, _ in columns], (*_FIRST, *_LAST))
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([*_FIRST, *names, *([help] if help else []), *_LAST])
    keys = map(_key, pool.id_keys()[positions].tolist())
    for row, (pair_id, key) in enumerate(zip(batch.pending, keys, strict=True)):
        texts = [values[row] for _, values in columns]
        blank = [""] if help else []
        writer.writerow([batch.batch_id, cell(str(pair_id)), *texts, *blank, key, ""])
    text = file.getvalue()
    # Excel takes a sheet without the mark (BOM) for its own old encoding.
    plain = text.isascii() and "".join(pool.class_names).isascii()
    return text.encode("utf-8" if plain else "utf-8-sig")


def _question(name: str) -> str:
    return f"{name} where it applies | {NO_CLASS} where it does not | {CANNOT_TELL} can't tell"


def _shown(pool: PairPool, positions: Sequence[int]) -> Iterator[tuple[str, list[str]]]:
    """The display columns that are text and do not give the label away, as cells."""
    for name, column in pool.display.items():
        values = [column[position] for position in positions]
        given_away = look_alike(name).casefold() in _GIVE_LABEL_AWAY
        if not given_away and not any(
            isinstance(value, bytes | bytearray | memoryview) for value in values
        ):
            texts = ("" if value is None else str(value)[:_LONGEST] for value in values)
            yield name, [cell(text) if text else "" for text in texts]


def _different(names: Iterable[str], taken: Sequence[str]) -> list[str]:
    """Names as cells, made different from each other and from `taken`."""
    used, made = {*taken}, []
    for name in names:
        while look_alike(name).casefold() in used:
            name = f"{name} (shown)"
        used.add(look_alike(name).casefold())
        made.append(cell(name))
    return made


def read_sheet(
    path: Path,
    pool: PairPool,
    former: Mapping[str, str] = MappingProxyType({}),
    asked: Mapping[str, str] = MappingProxyType({}),
) -> Mapping[str, Mapping[Any, Any]]:
    """Answers by batch and id.

    former: earlier names of classes, with those of now. asked: the class that a batch asks about,
    by its id, of those that ask about one; there `-` says that it does not apply.

    The header decides on the delimiter (comma, semicolon, tab), the first bytes on the encoding
    (UTF-8, UTF-16). Without a mark it is UTF-8 or else ANSI, which is said: whichever names pairs
    and classes of the pool. Raises CampaignError with all that is wrong, by line.
    """
    texts = _texts(path)
    found: dict[str, Mapping[str, Mapping[Any, Any]]] = {}
    refused: list[CampaignError] = []
    for encoding, text in texts.items():
        try:
            found[encoding] = _answers(path, text, pool, former, asked)
        except CampaignError as error:
            refused.append(error)
    encoding = next(iter(found or texts))
    if encoding == _ANSI:
        say(f"{path} is not UTF-8; it was read as ANSI ({_ANSI})")
    if not found:
        raise refused[0]
    if any(answers != found[encoding] for answers in found.values()):
        raise CampaignError(f"{path} says other labels in {' than in '.join(found)}; {_SAVE_AS}")
    return found[encoding]


def _answers(
    path: Path, text: str, pool: PairPool, former: Mapping[str, str], asked: Mapping[str, str]
) -> Mapping[str, Mapping[Any, Any]]:
    header, rows = _table(path, text)
    pairs, cells = _Pairs(pool), LabelCells(pool.class_names, pool.multilabel, former)
    question_cells = LabelCells(pool.class_names, True, former)
    answers: dict[str, dict[Any, Any]] = {}
    seen: dict[tuple[int, str | None], tuple[int, Any]] = {}
    errors: list[str] = []
    for line, values in rows:
        row = dict(zip(header, [*values, *[""] * len(header)], strict=False))
        if not look_alike(row["label"]):
            continue
        try:
            if any(values[len(header) :]):
                raise CampaignError("has more cells than the header")
            batch = row["batch"].strip()
            position = pairs.position(row)
            label = (question_cells if batch in asked else cells).read(row["label"])
            first, said = seen.setdefault((position, asked.get(batch)), (line, label))
            if said != label:
                raise CampaignError(f"the pair of line {first} is given another label")
            answers.setdefault(batch, {})[pairs.ids[position]] = label
        except CampaignError as error:
            errors.append(f"line {line}: {error}")
    if errors:
        raise CampaignError(_all(path, errors))
    return answers


def _all(path: Path, errors: Sequence[str]) -> str:
    if len(errors) == 1:
        return f"{path} {errors[0]}"
    listed = "; ".join(errors[:_MOST_ERRORS])
    more = f"; and {len(errors) - _MOST_ERRORS} more" if len(errors) > _MOST_ERRORS else ""
    return f"{path} has {len(errors)} errors and is not recorded: {listed}{more}"


class _Pairs:
    """Finds the pair of a row, by its key or, in sheets of other origin, by its id alone."""

    def __init__(self, pool: PairPool) -> None:
        self.ids: list[Any] = pool.ids.tolist()
        self._texts = list(map(str, self.ids))
        self._by_text = {text: position for position, text in enumerate(self._texts)}
        self._by_key = {key: position for position, key in enumerate(pool.id_keys().tolist())}

    @cached_property
    def _known(self) -> Known:
        return Known(self._texts)

    def position(self, row: Mapping[str, str]) -> int:
        """The position of the row's pair; raises CampaignError where that is not certain."""
        cell = row["id"].strip()
        said = {text_of(cell), row["id"]}
        named = said & self._by_text.keys()
        if key := row.get("key", "").strip():
            position = self._by_key.get(_number(key))
            if position is None:
                raise CampaignError(f"the pool has no pair with the key {shown(key)}")
            text = self._texts[position]
            if text not in said and (named or not Known([text]).find(cell)):
                raise CampaignError(
                    f"the id is {shown(text_of(cell))}, but the key is that of {shown(text)}; the "
                    "row is mixed up"
                )
            return position
        if not named:
            raise CampaignError(f"the pool has no pair with id {shown(text_of(cell))}")
        texts = named | self._known.find(cell)
        # Of all ids, because 1 and "1" are two with one text.
        meant = [position for position, text in enumerate(self._texts) if text in texts]
        if len(meant) > 1:
            ids = " or ".join(sorted(shown(self.ids[position]) for position in meant))
            raise CampaignError(f"the id {shown(cell)} may be {ids}; use a sheet that `ask` wrote")
        return meant[0]


def _key(number: int) -> str:
    """The key of a pair in a sheet, from its id's hash."""
    return f"{number:016x}".translate(_TO_LETTERS)


def _number(key: str) -> int | None:
    return int(key.translate(_TO_DIGITS), 16) if set(key) <= set(_KEY_LETTERS) else None


def _texts(path: Path) -> dict[str, str]:
    """What a file says, by the encodings that it may be in, the likeliest first."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CampaignError(f"{path} cannot be read as a sheet: {error.strerror}") from None
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise CampaignError(f"{path} is a workbook; {_SAVE_AS}")
    marked = next((name for name, marks in _MARKS.items() if content.startswith(marks)), None)
    texts = {name: _decoded(content, name) for name in ([marked] if marked else ["utf-8", _ANSI])}
    if possible := {name: text for name, text in texts.items() if text is not None}:
        return possible
    problem = f"damaged ({marked})" if marked else f"neither UTF-8 nor ANSI ({_ANSI})"
    raise CampaignError(f"{path} is {problem}; {_SAVE_AS}")


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _table(path: Path, text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header and, by line (one more for each row), the rows that are not empty."""
    headers = {delimiter: _header(text, delimiter) for delimiter in ",;\t"}
    delimiter, header = max(headers.items(), key=lambda item: len(set(_NEEDED) & set(item[1])))
    if missing := sorted(set(_NEEDED) - set(header)):
        raise CampaignError(
            f"{path} lacks the columns {', '.join(missing)}; use a sheet that `ask` wrote"
        )
    if twice := [name for name in (*_FIRST, *_LAST) if header.count(name) > 1]:
        raise CampaignError(f"{path} has more than one column {twice[0]!r}; remove one")
    try:
        rows = list(enumerate(_reader(text, delimiter), start=1))[1:]
    except csv.Error as error:
        raise CampaignError(f"{path} cannot be read as a sheet: {error}") from None
    return header, [(line, cells) for line, cells in rows if any(cells)]


def _header(text: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(_reader(text, delimiter), [])]
    except csv.Error:
        return []


def _reader(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
