"""`acqkit report`: the HTML page of one or several runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from acqkit.report import write_report


def report(
    folders: Annotated[list[Path], typer.Argument(help="Folders written by `acqkit run`.")],
    out: Annotated[Path | None, typer.Option(help="The page [FOLDER/report.html].")] = None,
) -> None:
    """Write one self-contained HTML page about runs; it needs no network."""
    typer.echo(write_report(folders, out))
