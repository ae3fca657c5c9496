"""Run a study: every cell that is not finished, then its table and page."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import typer

from suite.baselines import register_baselines
from suite.cells import Cell, Work, plan_work
from suite.config import Suite, read_suite
from suite.environment import commit, environment
from suite.execute import finished
from suite.render import Findings, write_markdown, write_page
from suite.session import Session
from suite.study import make_study
from suite.table import make_table, write_table
from suite.workers import run_cells, run_cells_on


def run_study(file: Path, session: Session) -> None:
    """Write table.parquet, table.md and page.html, also of what an interrupted run has finished.

    Raises ConfigError where the folder holds something and resuming is not asked for, and ends
    with status 1 where cells failed.
    """
    register_baselines()
    suite = read_suite(file, seeds=session.seeds)
    work = plan_work(suite, session.data)
    for item in work.missing:
        session.say(f"left out: {item.kind} {item.name}: {item.reason}")
    open_cells = [cell for cell in work.cells if not finished(cell, session.out)]
    session.say(
        f"{suite.title}: {len(work.cells)} cells, {len(open_cells)} to run, in {session.out}"
    )
    if session.dry_run:
        return
    session.claim()
    try:
        failed = _work_off(session, open_cells)
    finally:
        _write_report(suite, work, session, file)
    if failed:
        session.say(f"{failed} cells failed; the table says why")
        raise typer.Exit(1)


def _work_off(session: Session, cells: list[Cell]) -> int:
    """Run the cells with a bar and give the number of those that failed."""
    failures = 0
    with session.bar() as progress:
        task = progress.add_task("cells", total=len(cells))

        def on_end(cell: Cell, error: str) -> None:
            nonlocal failures
            title = f"{cell.pool} · {cell.trainer} · {cell.strategy} · seed {cell.seed}"
            if error:
                failures += 1
                session.say(f"failed: {title}: {error}")
            progress.update(task, advance=1, description=title)

        if session.engine is None:
            run_cells(cells, session.out, session.jobs, commit(), on_end)
        else:
            run_cells_on(session.engine, cells, session.out, commit(), on_end)
    return failures


def _write_report(suite: Suite, work: Work, session: Session, file: Path) -> None:
    rows = make_table(work, session.out)
    write_table(rows, session.out / "table.parquet")
    options = [] if session.seeds is None else ["--seeds", str(session.seeds)]
    command = shlex.join(["python", "benchmarks/run.py", file.stem, *options])
    made_with = environment(session.jobs) | {"command": command}
    (session.out / "environment.json").write_text(json.dumps(made_with, indent=1), encoding="utf-8")
    findings = Findings.of(make_study(suite, rows), made_with)
    write_markdown(findings, session.out / "table.md")
    write_page(findings, session.out / "page.html")
    session.say(f"{findings.answer.use} {findings.answer.sure}")
    session.say(f"{session.out / 'table.md'}, {session.out / 'page.html'}")
