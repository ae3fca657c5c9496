"""Run a benchmark suite and write its table and page.

    python benchmarks/run.py smoke
    python benchmarks/run.py strategies --jobs 2 --resume
    python benchmarks/run.py papers --data ~/cross-modal
    python benchmarks/run.py strategies --engine ray://HOST:PORT
    python benchmarks/run.py speed

A study writes table.parquet (one row a cell and round), table.md and page.html into the output
folder. Suites of the kinds `speed` and `scale` have no page; each of their rows is a measurement in
its own process. A collection runs other suites, each into a folder of its name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console

from acqkit.cli.settings import parse_yaml
from acqkit.components.resolve import resolve
from acqkit.engine import Engine, LocalEngine
from acqkit.errors import AcqkitError, ConfigError
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
    engine: Annotated[
        str,
        typer.Option(
            help="where cells of a study run: local (--jobs processes), ray (workers on all CPUs "
            "of this machine), ray://HOST:PORT, or YAML: {name: ray, workers: 4}"
        ),
    ] = "local",
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
            (data or DATA).resolve() if data or DATA.is_dir() else None,
            seeds,
            dry_run,
            _engine(engine),
        )
        run_suite(file, session)
    except AcqkitError as error:
        console.print(f"[red]Error:[/] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        console.print("Interrupted; --resume goes on where it stood.")
        raise typer.Exit(130) from None


def _engine(given: str) -> Engine | None:
    """The engine that runs cells; None for the one whose processes the runner starts itself."""
    found = resolve("engine", parse_yaml(given, "--engine")).component
    return None if isinstance(found, LocalEngine) else cast(Engine, found)


def run_suite(file: Path, session: Session) -> None:
    """Run the suite in a file by what its kind is."""
    kind = kind_of(file)
    if session.engine is not None and kind in ("speed", "scale"):
        raise ConfigError(f"{file.stem} measures one machine; leave --engine out")
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
