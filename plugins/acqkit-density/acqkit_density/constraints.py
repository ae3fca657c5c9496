"""What an allocation must keep to: quotas, floors and ceilings, a money budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from acqkit import RoundContext
from acqkit.errors import ConfigError
from acqkit_density.program import Constraint

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Rule(BaseModel):
    """One rule for the picks of a round; exactly one of `predicted`, `group` and `cost`.

    `{predicted: cat, at_least: 5}`: pairs whose predicted class is cat (multi-label: cat
    among the predicted classes); `{group: source, value: web, at_most: 30}`: pairs whose
    column `source` says web; `{cost: minutes, at_most: 120}`: the sum of the column
    `minutes`. Without a class (`predicted: "*"`) or a value the rule holds for each one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    predicted: str | None = Field(None, description="class name, or * for every class")
    group: str | None = Field(None, description="column of the table that names groups")
    value: str | None = Field(None, description="one group of that column [every one]")
    cost: str | None = Field(None, description="column of the table to sum")
    at_least: float | None = Field(None, ge=0, description="floor")
    at_most: float | None = Field(None, ge=0, description="ceiling")

    @model_validator(mode="after")
    def _complete(self) -> Rule:
        if sum(kind is not None for kind in (self.predicted, self.group, self.cost)) != 1:
            raise ValueError("a rule needs exactly one of predicted, group and cost")
        if self.at_least is None and self.at_most is None:
            raise ValueError("a rule needs at_least, at_most or both")
        if self.value is not None and self.group is None:
            raise ValueError("value names a group, so the rule needs the column as group")
        return self

    def over(self, name: str, coefficients: Floats) -> Constraint:
        """This rule's bounds on one weighted sum of picks."""
        lower = -np.inf if self.at_least is None else self.at_least
        upper = np.inf if self.at_most is None else self.at_most
        return Constraint(name, coefficients, lower, upper)


def constraints_of(
    rules: Sequence[Rule], table: Path | None, context: RoundContext, candidates: Ints
) -> list[Constraint]:
    """The rules as linear constraints over `candidates`, positions `[u]`.

    Raises ConfigError naming the class, column, value or pair that the rules miss.
    """
    columns = _Columns(table, context, candidates)
    found: list[Constraint] = []
    for rule in rules:
        if rule.predicted is not None:
            found += _of_classes(rule, rule.predicted, context, candidates)
        elif rule.group is not None:
            found += _of_groups(rule, rule.group, columns)
        elif rule.cost is not None:
            found.append(rule.over(f"sum of {rule.cost}", columns.numbers(rule.cost)))
    return found


def _of_classes(
    rule: Rule, wanted: str, context: RoundContext, candidates: Ints
) -> list[Constraint]:
    names = [str(name) for name in context.pool.class_names]
    if wanted != "*" and wanted not in names:
        raise ConfigError(
            f"a rule asks for predicted class {wanted!r}, which the pool has not; its classes "
            f"are {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}"
        )
    embeddings = context.embeddings.take(candidates)
    probabilities = embeddings.unified_probabilities()
    if embeddings.multilabel:
        predicted = probabilities >= 0.5
    else:
        predicted = np.zeros(probabilities.shape, dtype=bool)
        predicted[np.arange(len(predicted)), probabilities.argmax(axis=1)] = True
    return [
        rule.over(f"pairs predicted as {name}", predicted[:, c].astype(np.float64))
        for c, name in enumerate(names)
        if wanted in ("*", name)
    ]


def _of_groups(rule: Rule, column: str, columns: _Columns) -> list[Constraint]:
    values = columns.texts(column)
    groups = np.unique(values) if rule.value is None else np.array([rule.value])
    if rule.value is not None and rule.at_least and not (values == rule.value).any():
        raise ConfigError(
            f"a rule asks for pairs with {column} = {rule.value!r}, which no candidate has; "
            f"among the candidates are {', '.join(np.unique(values)[:8])}"
        )
    return [
        rule.over(f"pairs with {column} = {group}", (values == group).astype(np.float64))
        for group in groups
    ]


class _Columns:
    """Columns of the table in the order of the candidates; read when a rule asks for one."""

    def __init__(self, path: Path | None, context: RoundContext, candidates: Ints) -> None:
        self._path, self._context, self._candidates = path, context, candidates
        self._read: tuple[pa.Table, Ints] | None = None

    def numbers(self, name: str) -> Floats:
        """A numeric column `[u]`."""
        values = self._column(name)
        try:
            numbers = np.array([float(value) for value in values])
        except (TypeError, ValueError):
            numbers = np.array([np.nan])
        if not np.isfinite(numbers).all():
            raise ConfigError(
                f"column {name!r} of {self._path} is to be summed but is not a number for every "
                "candidate; fill it in"
            )
        return numbers

    def texts(self, name: str) -> NDArray[np.str_]:
        """A column as text `[u]`."""
        return np.array([str(value) for value in self._column(name)])

    def _column(self, name: str) -> list[Any]:
        table, rows = self._table(name)
        if name not in table.column_names:
            raise ConfigError(
                f"{self._path} has no column {name!r}; it has {', '.join(table.column_names)}"
            )
        values: list[Any] = table.column(name).take(pa.array(rows)).to_pylist()
        return values

    def _table(self, wanted: str) -> tuple[pa.Table, Ints]:
        if self._path is None:
            raise ConfigError(
                f"a rule names the column {wanted!r} but no table was given; set table to a CSV "
                "or Parquet file with a column id and that one"
            )
        if self._read is None:
            table = _read(self._path)
            row_of = {str(key): row for row, key in enumerate(table.column("id").to_pylist())}
            rows = _rows(row_of, self._context.pool.ids[self._candidates], self._path)
            self._read = (table, rows)
        return self._read


def _read(path: Path) -> pa.Table:
    reader: Callable[[Path], pa.Table] = (
        pa.parquet.read_table if path.suffix == ".parquet" else pa.csv.read_csv
    )
    try:
        table = reader(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise ConfigError(
            f"{path} cannot be read as a table ({error}); give a CSV or Parquet file"
        ) from None
    if "id" not in table.column_names:
        raise ConfigError(
            f"{path} has no column id, which says whose row it is; it has "
            f"{', '.join(table.column_names)}"
        )
    return table


def _rows(row_of: dict[str, int], ids: NDArray[Any], path: Path) -> Ints:
    rows = np.array([row_of.get(str(key), -1) for key in ids], dtype=np.int64)
    if (rows < 0).any():
        missing = ids[rows < 0]
        raise ConfigError(
            f"{path} has no row for {len(missing)} of {len(ids)} candidates, the first being id "
            f"{missing[0]!r}; add them"
        )
    return rows
