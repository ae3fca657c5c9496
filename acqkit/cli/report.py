"""`acqkit report`: the HTML page of one or several runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from acqkit.cli.console import say
from acqkit.loading import load_pool


def report(
    folders: Annotated[list[Path], typer.Argument(help="Folders written by `acqkit run`.")],
    out: Annotated[
        Path | None, typer.Option(help="The page (default: FOLDER/report.html).")
    ] = None,
    pool: Annotated[
        str | None, typer.Option(help="The pool, where it is no longer at the run's path.")
    ] = None,
) -> None:
    """Write one self-contained HTML page about runs; it needs no network."""
    # scikit-learn takes a second to import, for which --help need not wait.
    from acqkit.report import write_report  # noqa: PLC0415

    say(write_report(folders, out, None if pool is None else load_pool(pool)))
