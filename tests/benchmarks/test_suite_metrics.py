"""Every metric that cells have measured is in a suite's tables, whichever is compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from test_suite_study import ROWS, make

from suite.render import Findings, write_markdown
from suite.study import make_study
from suite.table import read_table, write_table

MACHINE = {
    "commit": "", "cpu": "", "cores": 1, "system": "", "jobs": 1, "threads": 1, "python": "",
    "versions": {}, "command": "",
}  # fmt: skip
MEASURED = [
    replace(row, metrics={"map": row.map or 0.0, "gap": 10 * (row.map or 0.0)}) for row in ROWS
]


def test_a_metric_is_in_the_tables_and_survives_parquet(tmp_path: Path) -> None:
    write_table(MEASURED, tmp_path / "table.parquet")
    rows = read_table(tmp_path / "table.parquet")
    assert rows == MEASURED
    write_markdown(Findings.of(make_study(make(), rows), MACHINE), tmp_path / "table.md")
    table = (tmp_path / "table.md").read_text(encoding="utf-8").partition("## All metrics")[2]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    # Areas over the two labeled budgets: .3 and .2 of random, .4 and .25 of typiclust.
    assert lines[0] == "| Strategy | MAP | gap |"
    assert sorted(lines[2:4]) == ["| random | 0.25 | 2.5 |", "| typiclust | **0.325** | **3.25** |"]


def test_a_rival_that_lacks_a_metric_has_no_figure() -> None:
    rows = [r if r.strategy == "random" else replace(r, metrics={"map": 0.5}) for r in MEASURED]
    (table,) = [
        table
        for table in Findings.of(make_study(make(), rows), MACHINE).tables
        if table.title == "All metrics"
    ]
    assert {row[0]: row[2] for row in table.rows} == {"random": "2.5", "typiclust": "–"}


def test_tables_written_before_there_was_a_mapping_still_open(tmp_path: Path) -> None:
    write_table(ROWS, tmp_path / "table.parquet")
    assert read_table(tmp_path / "table.parquet") == ROWS
    titles = [table.title for table in Findings.of(make_study(make(), ROWS), MACHINE).tables]
    assert "All metrics" not in titles
