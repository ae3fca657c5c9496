"""Run a benchmark suite and write its table and page.

    python benchmarks/run.py smoke
    python benchmarks/run.py strategies --jobs 2 --resume
    python benchmarks/run.py papers --data ~/cross-modal
    python benchmarks/run.py speed

A study writes table.parquet (one row a cell and round), table.md and page.html into the output
folder. Suites of the kinds `speed` and `scale` have no page; each of their rows is a measurement in
its own process. A collection runs other suites, each into a folder of its name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from acqkit.errors import AcqkitError
from suite.collection import run_collection
from suite.config import find_suite
from suite.run import run_study
from suite.scale.run import run_scale
from suite.session import Session, kind_of
from suite.speed.run import run_speed

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def main(
    suite: Annotated[str, typer.Argument(help="name of a suite in benchmarks/suites, or a path")],
    out: Annotated[Path | None, typer.Option(help="output folder [default: runs/SUITE]")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="cells at a time, one thread each")] = 1,
    resume: Annotated[bool, typer.Option(help="go on with what lies in the folder")] = False,
    data: Annotated[
        Path | None, typer.Option(help="folder with one folder per pool or data set data:NAME")
    ] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="instead of the suite's")] = None,
    dry_run: Annotated[bool, typer.Option(help="say what would be run, and stop")] = False,
) -> None:
    """Run a suite; a run that was interrupted goes on with --resume."""
    console = Console()
    try:
        file = find_suite(suite)
        session = Session(
            console,
            out or Path("runs") / file.stem,
            jobs,
            resume,
            data or (DATA if DATA.is_dir() else None),
            seeds,
            dry_run,
        )
        run_suite(file, session)
    except AcqkitError as error:
        console.print(f"[red]Error:[/] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        console.print("Interrupted; --resume goes on where it stood.")
        raise typer.Exit(130) from None


def run_suite(file: Path, session: Session) -> None:
    """Run the suite in a file by what its kind is."""
    kind = kind_of(file)
    if kind == "collection":
        run_collection(file, session, run_suite)
    elif kind == "speed":
        run_speed(file, session)
    elif kind == "scale":
        run_scale(file, session)
    else:
        run_study(file, session)


if __name__ == "__main__":
    typer.run(main)
