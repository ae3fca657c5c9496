"""`acqkit plugins` and `acqkit new-plugin`."""

from __future__ import annotations

import inspect
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic.fields import FieldInfo
from rich.table import Table

from acqkit.cli.console import PlainConsole, say, say_error, say_json, say_table
from acqkit.components.kinds import KINDS
from acqkit.components.registry import Registered, registry
from acqkit.errors import PluginError, did_you_mean, shown
from acqkit.scaffold import new_plugin


def plugins(
    name: Annotated[
        str | None, typer.Argument(help="Say all of what has this name, with its parameters.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List every strategy, scorer, allocator, trainer, model and data set installed.

    Exits with status 1 when a plugin could not be loaded.
    """
    found = registry()
    rows = [found.components[kind, each] for kind in KINDS for each in found.names(kind)]
    if name is not None:
        rows = [row for row in rows if row.name == name]
        if not rows:
            known = sorted({each for _, each in found.components})
            raise PluginError(f"nothing is called {name!r}; {did_you_mean(name, known)}")
    if as_json:
        data = {
            "components": [_describe(row) for row in rows],
            "failures": [
                {"distribution": f.distribution, "entry_point": f.entry_point, "reason": f.reason}
                for f in found.failures
            ],
        }
        say_json(data)
    else:
        if name is None:
            _list(rows)
        for row in rows if name is not None else ():
            _say_all(row)
        for failure in found.failures:
            say_error(
                f"plugin {failure.entry_point!r} of {failure.distribution} "
                f"failed to load: {failure.reason}"
            )
    if found.failures:
        raise typer.Exit(1)


def _describe(row: Registered) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "name": row.name,
        "distribution": row.distribution,
        "version": row.version,
        "summary": _summary(row),
        "parameters": row.factory.model_json_schema().get("properties", {}),
    }


def _summary(row: Registered) -> str:
    return (inspect.getdoc(row.factory) or "").partition("\n")[0]


def _list(rows: list[Registered]) -> None:
    """A line for each component under its kind, cut where the terminal ends."""
    console = PlainConsole()
    names = max((len(row.name) for row in rows), default=0) + 2
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=names)
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=console.width - names - 4)
    for kind, own in groupby(rows, key=lambda row: row.kind):
        table.add_row(kind, style="bold")
        for row in own:
            table.add_row(f"  {row.name}", _summary(row))
    console.print(table)
    say("acqkit plugins NAME says all of one, with its parameters")


def _say_all(row: Registered) -> None:
    """One component: what it does, where it is from, and what its parameters mean."""
    say(f"{row.kind} {row.name}, from {row.distribution} {row.version}")
    say(inspect.getdoc(row.factory) or "")
    if row.factory.model_fields:
        say_table({name: _meaning(field) for name, field in row.factory.model_fields.items()})


def _meaning(field: FieldInfo) -> str:
    default = "must be given"
    if not field.is_required():
        default = f"default: {shown(field.get_default(call_default_factory=True))}"
    return f"{field.description} ({default})" if field.description else default


def new(
    name: Annotated[str, typer.Argument(help="Name of the distribution, e.g. acqkit-zebra.")],
    folder: Annotated[
        Path | None, typer.Option(help="Where to make it (default: ./NAME).", file_okay=False)
    ] = None,
) -> None:
    """Make a working plugin to start from: a strategy with its tests.

    `acqkit new-plugin acqkit-zebra` makes ./acqkit-zebra with a strategy called zebra.
    """
    path = new_plugin(name, folder)
    short = name.removeprefix("acqkit-")
    say(f"made {path}")
    say(f"next: pip install -e {path} && pytest {path} && acqkit run --strategy {short} ...")
