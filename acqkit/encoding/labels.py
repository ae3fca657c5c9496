"""Labels and splits of pairs from columns of a table; what is empty is not labeled yet."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acqkit.encoding.columns import Column, Table
from acqkit.encoding.config import BuildConfig
from acqkit.encoding.pairs import RawPairs
from acqkit.errors import ConfigError, PoolError, did_you_mean, shown
from acqkit.pool.source import reading
from acqkit.pool.source import row as in_row

_BETWEEN = ";"
"""What stands between the names in one cell of a table."""
_NO_CLASS = "-"
"""A cell that says none of the classes, as in sheets; an empty one says that nobody has looked."""

_SPLITS = {"train": "train", "test": "test", "validation": "train", "val": "train"}
_SPLITS |= {"valid": "train", "dev": "train"}


@dataclass(frozen=True)
class RawLabels:
    """Class names in order, and each pair's own: None where it is not labeled."""

    class_names: tuple[str, ...]
    of_pairs: Sequence[Sequence[str] | None]
    multilabel: bool
    declared: bool
    """Whether the classes were declared, and not only found among the labels."""


def read_labels(
    table: Table, pairs: RawPairs, config: BuildConfig, before: Sequence[str] = ()
) -> RawLabels:
    """Labels of all pairs; classes that were there `before` keep their places.

    Raises PoolError naming the row of an unknown class or of a second label, and ConfigError where
    nothing says what the classes are.
    """
    name = config.label or table.roles.get("label")
    declared = _declared(table, config, name)
    if name is None:
        if declared is None:
            raise ConfigError(
                "neither labels nor classes are given; say --label COLUMN where some pairs are "
                "labeled, or --classes FILE with a class name a line so that people can be asked"
            )
        return RawLabels(
            _joined(before, declared), [None] * len(pairs), bool(config.multilabel), True
        )
    column = table.column(name, "--label")
    multilabel = table.several.get(name) if config.multilabel is None else config.multilabel
    found = [_of_pair(table, column, name, pairs, pair, multilabel) for pair in range(len(pairs))]
    names = declared or sorted({label for own in found for label in own or ()})
    classes = _joined(before, names)
    known = set(classes)
    for pair, own in enumerate(found):
        for label in own or ():
            if label not in known:
                raise PoolError(
                    f"{table.path}: {name} is the unknown class {shown(label)} in "
                    f"{in_row(pairs.rows_of(pair)[0])}; {did_you_mean(label, classes)}"
                )
    if len(classes) < 2:
        raise PoolError(
            f"{table.path}: {name} has {len(classes)} class"
            f"{'' if len(classes) == 1 else 'es'}, wanted at least two; give --classes FILE"
        )
    return RawLabels(classes, found, bool(multilabel), declared is not None)


def read_splits(table: Table, pairs: RawPairs, config: BuildConfig) -> list[str] | None:
    """`train` or `test` of each pair, None without such a column; raises PoolError."""
    name = config.split or table.roles.get("split")
    if name is None:
        return None
    column = table.column(name, "--split")
    found: list[str] = []
    for pair in range(len(pairs)):
        rows = pairs.rows_of(pair)
        values = {str(column.value(row)).strip().lower() for row in rows}
        if len(values) > 1 or not values <= _SPLITS.keys():
            raise PoolError(
                f"{table.path}: {name} is {shown(column.value(rows[0]))} in {in_row(rows[0])}"
                f"{' and another in a row of the same id' if len(values) > 1 else ''}, wanted "
                "'train' or 'test'"
            )
        found.append(_SPLITS[values.pop()])
    return found


def _declared(table: Table, config: BuildConfig, name: str | None) -> list[str] | None:
    if config.classes is not None:
        return _class_file(config.classes)
    names = None if name is None else table.classes.get(name)
    return None if names is None else list(names)


def _class_file(path: Path) -> list[str]:
    """Names, a line each, or a JSON list."""
    if not path.is_file():
        raise ConfigError(f"there is no file {str(path)!r} of class names; give a name a line")
    with reading(path, "UTF-8 text"):
        text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".json":
        with reading(path, "JSON"):
            names = json.loads(text)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ConfigError(f"{path} is no JSON list of class names")
        return names
    return [line.strip() for line in text.splitlines() if line.strip()]


def _joined(before: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*before, *names]))


def _of_pair(
    table: Table, column: Column, name: str, pairs: RawPairs, pair: int, multilabel: bool | None
) -> list[str] | None:
    rows = pairs.rows_of(pair)
    found = [own for row in rows if (own := _of_value(column.value(row), multilabel)) is not None]
    if not found:
        return None
    labels = list(dict.fromkeys(label for own in found for label in own))
    if (len(labels) > 1 and not multilabel) or (not labels and not multilabel):
        raise PoolError(
            f"{table.path}: {name} has {len(labels)} labels in {in_row(rows[0])}"
            f"{f' ({shown(labels)})' if labels else ''}, wanted one; say --multi-label where a "
            "pair may have several, or none"
        )
    several = bool(labels) and (_BETWEEN in labels[0] or _list_of(labels[0]) is not None)
    if multilabel is None and several:
        raise PoolError(
            f"{table.path}: {name} is {shown(labels[0])} in {in_row(rows[0])}, which may be one "
            "class or several; say --multi-label or --single-label"
        )
    return labels


def _of_value(value: Any, multilabel: bool | None) -> list[str] | None:
    """The names that a value says, None for a pair that is not labeled yet."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, list | tuple):
        return [str(one).strip() for one in value]
    if isinstance(value, Mapping):
        return None
    text = str(value).strip()
    if not text:
        return None
    if not multilabel:
        return [text]
    if text == _NO_CLASS:
        return []
    listed = _list_of(text)
    parts = text.split(_BETWEEN) if listed is None else listed
    return [part for one in parts if (part := str(one).strip())]


def _list_of(text: str) -> list[Any] | None:
    """The list that a text spells, as JSON or, as pandas writes lists into CSV, as Python's."""
    if not (text.startswith("[") and text.endswith("]")):
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(found, list) and all(isinstance(one, str | int) for one in found):
            return found
    return None
