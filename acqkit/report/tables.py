"""Tables of the page, as text ready to be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from acqkit.report.data import AllocationTable, Run
from acqkit.report.figures import SHARE_OF_FULL, Comparison, Estimate, KeyFigures
from acqkit.report.headline import signed

FIRST_ROWS = 8
"""Rows of an allocation table that are seen before it is unfolded."""

MOST_ROWS = 3_000
"""Rows of all allocation tables, one a round and strategy: with more a page opens slowly."""


@dataclass(frozen=True)
class Cell:
    """A figure with a remark below it; `muted` where there is none."""

    text: str
    note: str = ""
    muted: bool = False


@dataclass(frozen=True)
class Column:
    """A column of the key figures, with a cell a strategy; `meaning` explains its title."""

    title: str
    cells: list[Cell]
    meaning: str = ""


def key_columns(runs: Sequence[Run], rows: Sequence[KeyFigures]) -> list[Column]:
    """The key figures by column, the most telling ones first."""
    columns = [
        Column("Final MAP", [Cell(_estimate(row.final)) for row in rows]),
        Column(
            "Mean MAP along the curve",
            [Cell(_estimate(row.area)) for row in rows],
            "Area under the MAP-budget curve divided by its range of labels",
        ),
    ]
    if any(row.against for row in rows):
        columns = [_labels_for(rows), *columns, _over(rows)]
    if any(run.full for run in runs):
        columns.append(_to_share(runs, rows))
    return [
        *columns,
        Column("Final MAP@50", [Cell(_estimate(row.final50)) for row in rows]),
        Column("Labels", [Cell(f"{row.labels:,.0f}") for row in rows]),
        Column(
            "Seconds",
            [Cell(f"{row.seconds:,.1f}") for row in rows],
            "All phases of all rounds, mean over seeds",
        ),
    ]


def _labels_for(rows: Sequence[KeyFigures]) -> Column:
    def cell(against: Comparison) -> Cell:
        if against.labels is None or against.ratio is None:
            return Cell("not reached", muted=True)
        return Cell(f"{against.labels:,.0f}", f"{against.ratio:.2g}×")

    return Column(
        "Labels for the baseline’s final MAP",
        [
            Cell("baseline", muted=True) if row.against is None else cell(row.against)
            for row in rows
        ],
        "Labels after which the mean curve first reaches the baseline’s final mean MAP, over what "
        "the baseline needed",
    )


def _over(rows: Sequence[KeyFigures]) -> Column:
    def cell(against: Comparison) -> Cell:
        if against.area is None:
            return Cell("–", muted=True)
        seeds = against.area.seeds
        note = f"{against.wins} of {seeds} {'seed' if seeds == 1 else 'seeds'}"
        return Cell(_estimate(against.area, signed(against.area.mean)), note)

    return Column(
        "… over the baseline",
        [
            Cell("baseline", muted=True) if row.against is None else cell(row.against)
            for row in rows
        ],
        "Difference of that mean, paired over the seeds, with the seeds in which it is above 0",
    )


def _to_share(runs: Sequence[Run], rows: Sequence[KeyFigures]) -> Column:
    def cell(run: Run, labels: float | None) -> Cell:
        if labels is None:
            return Cell("–" if run.full is None else "not reached", muted=True)
        return Cell(f"{labels:,.0f}")

    return Column(
        f"Labels to {SHARE_OF_FULL:.0%} of full",
        [cell(run, row.to_share_of_full) for run, row in zip(runs, rows, strict=True)],
        "Labels after which the mean curve first reaches this share of the fully supervised MAP",
    )


def _estimate(value: Estimate, mean: str = "") -> str:
    """Mean ± standard error."""
    mean = mean or f"{value.mean:.3f}"
    return mean if value.error is None else f"{mean} ± {value.error:.3f}"


def allocation_tables(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """What allocators recorded: the rows with most picks `first`, then `more`, in order."""
    tables = [(run.name, table) for run in runs for table in run.allocations]
    most = max(FIRST_ROWS, MOST_ROWS // max(len(tables), 1))
    return [_allocation(run, table, most) for run, table in tables]


def _allocation(run: str, table: AllocationTable, most: int) -> dict[str, Any]:
    rows, summary = _by_picks(table.rows)
    names = list(dict.fromkeys(key for row in rows for key in row))
    columns = {name: [row.get(name) for row in rows] for name in names}
    shown = list(zip(*map(_cells, columns.values()), strict=True))
    return {
        "run": run,
        "round": table.round,
        "name": table.name,
        "summary": summary,
        "columns": names,
        "numeric": [_is_numeric(column) for column in columns.values()],
        "first": shown[:FIRST_ROWS],
        "more": shown[FIRST_ROWS:most],
        "left_out": max(0, len(shown) - most),
    }


def _by_picks(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """The rows with most picks first, and a sentence, where there are many that count picks."""
    picks: list[Any] = [row.get("picked") for row in rows]
    if len(rows) <= FIRST_ROWS or not _is_numeric(picks):
        return rows, ""
    sentence = (
        f"{sum(picks):,g} picked from {sum(count > 0 for count in picks):,} of {len(rows):,} rows, "
        "those with most picks first."
    )
    return sorted(rows, key=lambda row: -row["picked"]), sentence


def _is_numeric(column: list[Any]) -> bool:
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in column)


def _cells(column: list[Any]) -> list[str]:
    """A column as text; fractions with the same number of digits, so that they line up."""
    if not _is_numeric(column):
        return [plain(value) for value in column]
    largest = max(abs(value) for value in column)
    whole = all(float(value).is_integer() for value in column)
    digits = 0 if whole or largest >= 1000 else 1 if largest >= 100 else 3
    return [f"{value:,.{digits}f}" for value in column]


def plain(value: Any) -> str:
    """A value of a configuration or a record as people write it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(plain(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}={plain(item)}" for key, item in value.items())
    return str(value)
