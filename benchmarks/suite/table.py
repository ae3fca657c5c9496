"""The tidy table: one row a cell and round, and one for each thing that was not run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from acqkit.files import whole_file
from acqkit.runs import PHASES
from suite.cells import Cell, Missing, Work
from suite.execute import Outcome, read_outcome


@dataclass(frozen=True)
class Row:
    """One round of one cell; where the status is not `done`, `error` says why and all is empty.

    kind: `strategy`, or `full` for the fully supervised reference. pairs is the number of
    train pairs. Metrics are on test pairs, `metrics` has all of them by name; seconds are those of
    the round, by phase.
    """

    kind: Literal["strategy", "full"]
    pool: str
    trainer: str
    strategy: str
    seed: int | None = None
    cell: str = ""
    status: Literal["done", "failed", "missing", "not run"] = "done"
    error: str = ""
    first_batch: str = ""
    commit: str = ""
    pairs: int | None = None
    round: int | None = None
    labels: int | None = None
    map_ab: float | None = None
    map_ba: float | None = None
    map: float | None = None
    map50: float | None = None
    seconds_train: float | None = None
    seconds_embed: float | None = None
    seconds_score: float | None = None
    seconds_allocate: float | None = None
    seconds_evaluate: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)


def make_table(work: Work, out: Path) -> list[Row]:
    """Rows of all cells in the order of the suite, then one for each thing that is missing."""
    rows = [row for cell in work.cells for row in _rows(cell, out)]
    return rows + [_missing(item) for item in work.missing]


def _rows(cell: Cell, out: Path) -> Iterable[Row]:
    outcome = read_outcome(cell, out)
    same: dict[str, Any] = {
        "kind": cell.kind,
        "pool": cell.pool,
        "trainer": cell.trainer,
        "strategy": cell.strategy,
        "seed": cell.seed,
        "cell": cell.key,
    }
    if outcome is None:
        return [Row(**same, status="not run", error="the run was ended before it")]
    if not isinstance(outcome, Outcome):
        return [Row(**same, status="failed", error=outcome.error)]
    return [
        Row(
            **same,
            first_batch=outcome.first_batch,
            commit=outcome.commit,
            pairs=outcome.results.pool.train,
            round=record.round,
            labels=record.labels,
            map_ab=record.map_ab,
            map_ba=record.map_ba,
            map=record.map,
            map50=record.map50,
            metrics=record.metrics,
            **_seconds(record.seconds),
        )
        for record in sorted(outcome.results.rounds, key=lambda record: record.round)
    ]


def _seconds(seconds: dict[str, float]) -> dict[str, Any]:
    return {f"seconds_{phase}": seconds.get(phase, 0.0) for phase in PHASES}


def _missing(item: Missing) -> Row:
    names: dict[str, Any] = {"pool": "", "trainer": "", "strategy": "", item.kind: item.name}
    return Row(kind="strategy", **names, status="missing", error=item.reason)


_INTEGERS = ("seed", "pairs", "round", "labels")
_TEXTS = ("kind", "pool", "trainer", "strategy", "cell", "status", "error", "first_batch", "commit")
SCHEMA = pa.schema(
    [
        (name, pa.string() if name in _TEXTS else pa.int64() if name in _INTEGERS else pa.float64())
        for name in Row.__dataclass_fields__
        if name != "metrics"
    ]
).append(pa.field("metrics", pa.map_(pa.string(), pa.float64())))


def write_table(rows: list[Row], path: Path) -> None:
    """Write Parquet; a reader never sees half a file."""
    table = pa.Table.from_pylist([asdict(row) for row in rows], schema=SCHEMA)
    with whole_file(path) as file:
        pq.write_table(table, file)


def read_table(path: Path) -> list[Row]:
    """The rows that `write_table` wrote."""
    rows = pq.read_table(path).to_pylist()
    return [Row(**values | {"metrics": dict(values.get("metrics") or ())}) for values in rows]
