"""`acqkit pool describe`."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from acqkit.loading import load_pool
from acqkit.pool.describe import describe

app = typer.Typer(help="Look at pools.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Look at pools."""


@app.command("describe")
def describe_command(
    path: Annotated[str, typer.Argument(help="Path of a pool, or a data set's name.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Check a pool and say what is in it."""
    data = describe(load_pool(path))
    if as_json:
        typer.echo(json.dumps(data, indent=1, default=str))
        return
    table = Table(show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for key, value in data.items():
        table.add_row(key, _text(value))
    Console().print(table)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_text(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value)
    return f"{value:.3f}" if isinstance(value, float) else str(value)
