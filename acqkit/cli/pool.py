"""`acqkit pool describe`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from acqkit.cli.console import say_json, say_table
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
        say_json(data)
        return
    say_table({key: _text(value) for key, value in data.items()})


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_text(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value)
    return f"{value:.3f}" if isinstance(value, float) else str(value)
