"""Run a benchmark suite and write its table and page.

    python benchmarks/run.py smoke
    python benchmarks/run.py strategies --jobs 2 --resume
    python benchmarks/run.py speed

Writes table.parquet (one row a cell and round), table.md and page.html into the output folder.
A suite of the kind `speed` has no page; each of its rows is a measurement in its own process.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from acqkit.errors import AcqkitError, ConfigError
from suite.baselines import register_baselines
from suite.cells import Cell, Work, plan_work
from suite.config import find_suite, read_suite
from suite.environment import commit, environment
from suite.execute import finished
from suite.render import Findings, write_markdown, write_page
from suite.speed.config import is_speed_suite
from suite.speed.run import run_speed
from suite.study import make_study
from suite.table import make_table, write_table
from suite.workers import run_cells

_HOUR = 3600.0
"""Over how many seconds the speed is estimated: a cell may take minutes."""

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def main(
    suite: Annotated[str, typer.Argument(help="name of a suite in benchmarks/suites, or a path")],
    out: Annotated[Path | None, typer.Option(help="output folder [default: runs/SUITE]")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="cells at a time, one thread each")] = 1,
    resume: Annotated[bool, typer.Option(help="go on with what lies in the folder")] = False,
    data: Annotated[Path | None, typer.Option(help="folder of the pools data:NAME")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="instead of the suite's")] = None,
    dry_run: Annotated[bool, typer.Option(help="say what would be run, and stop")] = False,
) -> None:
    """Run a suite; a run that was interrupted goes on with --resume."""
    console = Console()
    try:
        _run(console, suite, out, jobs, resume, data, seeds, dry_run)
    except AcqkitError as error:
        console.print(f"[red]Error:[/] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(2) from None


def _run(
    console: Console,
    name: str,
    out: Path | None,
    jobs: int,
    resume: bool,
    data: Path | None,
    seeds: int | None,
    dry_run: bool,
) -> None:
    register_baselines()
    file = find_suite(name)
    if is_speed_suite(file):
        run_speed(console, file, out or Path("runs") / file.stem, resume, dry_run)
        return
    suite = read_suite(file, seeds=seeds)
    folder = out or Path("runs") / file.stem
    work = plan_work(suite, data or (DATA if DATA.is_dir() else None))
    for item in work.missing:
        console.print(f"left out: {item.kind} {item.name}: {item.reason}", soft_wrap=True)
    open_cells = [cell for cell in work.cells if not finished(cell, folder)]
    console.print(
        f"{suite.title}: {len(work.cells)} cells, {len(open_cells)} to run, in {folder}",
        soft_wrap=True,
    )
    if dry_run:
        return
    if folder.exists() and any(folder.iterdir()) and not resume:
        raise ConfigError(
            f"{folder} is not empty; give --resume to go on with it, or another --out"
        )
    folder.mkdir(parents=True, exist_ok=True)
    failed = _work_off(console, work, open_cells, folder, jobs)
    rows = make_table(work, folder)
    write_table(rows, folder / "table.parquet")
    made_with = environment(jobs) | {"command": _command(name, seeds)}
    (folder / "environment.json").write_text(json.dumps(made_with, indent=1), encoding="utf-8")
    findings = Findings.of(make_study(suite, rows), made_with)
    write_markdown(findings, folder / "table.md")
    write_page(findings, folder / "page.html")
    console.print(f"[bold]{findings.answer.use}[/] {findings.answer.sure}", soft_wrap=True)
    console.print(f"{folder / 'table.md'}, {folder / 'page.html'}", soft_wrap=True)
    if failed:
        console.print(f"{failed} cells failed; the table says why", soft_wrap=True)
        raise typer.Exit(1)


def _work_off(console: Console, work: Work, cells: list[Cell], folder: Path, jobs: int) -> int:
    """Run the cells with a bar and give the number of those that failed."""
    failures = 0
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        speed_estimate_period=_HOUR,
    ) as progress:
        task = progress.add_task("cells", total=len(cells))

        def on_end(cell: Cell, error: str) -> None:
            nonlocal failures
            title = f"{cell.pool} · {cell.trainer} · {cell.strategy} · seed {cell.seed}"
            if error:
                failures += 1
                progress.console.print(f"failed: {title}: {error}", soft_wrap=True)
            progress.update(task, advance=1, description=title)

        run_cells(cells, folder, jobs, commit(), on_end)
    return failures


def _command(name: str, seeds: int | None) -> str:
    options = [] if seeds is None else ["--seeds", str(seeds)]
    return shlex.join(["python", "benchmarks/run.py", name, *options])


if __name__ == "__main__":
    typer.run(main)
