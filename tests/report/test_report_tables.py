"""Tables of the page, and text that is odd."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import JsonValue
from report_data import make_data, make_run, pick

from acqkit.report import render_report
from acqkit.report.data import AllocationTable, ClassFacts, Full
from acqkit.report.figures import baseline_of, key_figures
from acqkit.report.tables import MOST_ROWS, allocation_tables, key_columns


def test_key_figures_by_column() -> None:
    runs = [
        make_run("better", 0.1),
        make_run("random"),
        make_run("worse", -0.05, full=None),
    ]
    rows = [key_figures(run, baseline_of(runs)) for run in runs]
    columns = {column.title: column.cells for column in key_columns(runs, rows)}
    shown = {title: [(c.text, c.note) for c in cells] for title, cells in columns.items()}
    assert next(iter(shown)) == "Labels for the baseline’s final MAP"
    assert shown["Labels for the baseline’s final MAP"] == [
        ("20", "0.67×"),
        ("baseline", ""),
        ("not reached", ""),
    ]
    assert shown["Final MAP"][0] == ("0.610 ± 0.010", "")
    assert shown["… over the baseline"][0] == ("+0.100 ± 0.000", "2 of 2 seeds")
    assert shown["… over the baseline"][2] == ("−0.050 ± 0.000", "0 of 2 seeds")
    assert [text for text, _ in shown["Labels to 95% of full"]] == ["23", "not reached", "–"]
    assert [text for text, _ in shown["Seconds"]] == ["7.5"] * 3


def test_columns_of_what_there_is_none_of_are_left_out() -> None:
    runs = [make_run("a", full=None), make_run("b", full=None)]
    rows = [key_figures(run, None) for run in runs]
    assert [column.title for column in key_columns(runs, rows)] == [
        "Final MAP", "Mean MAP along the curve", "Final MAP@50", "Labels", "Seconds",
    ]  # fmt: skip
    with_full = [make_run("a", full=Full(map=0.5, map50=0.5))]
    assert len(key_columns(with_full, rows[:1])) == 6


def test_tables_have_the_names_under_which_they_were_recorded(tmp_path: Path) -> None:
    tables = [
        AllocationTable(round=1, rows=[{"region": 0}]),
        AllocationTable(round=1, name="optimality", rows=[{"value": 1.5, "gap": 0.0}]),
    ]
    runs = [make_run("x", allocations=tables)]
    html = render_report(make_data(runs=runs), tmp_path / "report.html").read_text("utf-8")
    shown = html.split('id="allocation"')[1].split("</section>")[0]
    assert re.findall("<small>(.*?)</small>", shown) == [
        "round 1 · allocation",
        "round 1 · optimality",
    ]
    assert re.findall('class="n">([^<]*)<', shown) == ["region", "0", "value", "gap", "1.500", "0"]


def test_allocation_columns_line_up(tmp_path: Path) -> None:
    rows: list[dict[str, JsonValue]] = [
        {"region": r, "target": 0.5 / (r + 1), "mass": 120.25 * r, "note": None} for r in range(70)
    ]
    run = make_run("x", allocations=[AllocationTable(round=1, rows=rows)])
    html = render_report(make_data(runs=[run]), tmp_path / "report.html").read_text("utf-8")
    cells = re.findall(r'<td(?: class="n")?>([^<]*)</td>', html.split('id="allocation"')[1])
    assert cells[:8] == ["0", "0.500", "0", "–", "1", "0.250", "120", "–"]
    assert "<summary>62 more rows</summary>" in html


def test_rows_with_most_picks_come_first_below_their_sum() -> None:
    rows: list[dict[str, JsonValue]] = [{"region": r, "picked": r % 3} for r in range(20)]
    (table,) = allocation_tables([make_run("x", allocations=[AllocationTable(round=1, rows=rows)])])
    assert table["summary"].startswith("19 picked from 13 of 20 rows")
    assert [row[0] for row in table["first"]] == ["2", "5", "8", "11", "14", "17", "1", "4"]
    assert len(table["more"]) == 12 and table["left_out"] == 0
    few = [make_run("x", allocations=[AllocationTable(round=1, rows=rows[:8])])]
    (table,) = allocation_tables(few)
    assert [row[0] for row in table["first"]] == list("01234567") and table["summary"] == ""


def test_the_rows_of_a_page_are_bounded() -> None:
    table = AllocationTable(round=1, rows=[{"region": r} for r in range(400)])
    tables = allocation_tables([make_run("x", allocations=[table] * 200)])
    assert {len(table["first"]) + len(table["more"]) for table in tables} == {MOST_ROWS // 200}
    assert {table["left_out"] for table in tables} == {400 - MOST_ROWS // 200}


def test_text_that_is_no_text_does_not_keep_a_page_from_being_written(tmp_path: Path) -> None:
    odd = "\ud800 \0 \u202e <b>"
    facts = ClassFacts(names=[odd, "cat"], counts=[8, 4])
    runs = [make_run(odd, picks=[pick(0, 1).model_copy(update={"id": odd, "labels": [odd]})])]
    html = render_report(make_data(runs=runs, classes=facts), tmp_path / "report.html")
    assert "? \0 \u202e &lt;b&gt;" in html.read_text("utf-8")
