"""`acqkit plugins` and `acqkit new-plugin`."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from acqkit.cli.console import PlainConsole, say, say_error, say_json
from acqkit.components.kinds import KINDS
from acqkit.components.registry import Registered, registry
from acqkit.scaffold import new_plugin


def plugins(
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List every strategy, scorer, allocator, trainer, model and data set installed.

    Exits with status 1 when a plugin could not be loaded.
    """
    found = registry()
    rows = [found.components[kind, name] for kind in KINDS for name in found.names(kind)]
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
        _print_table(rows)
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


def _print_table(rows: list[Registered]) -> None:
    table = Table()
    for column in ("kind", "name", "what it does", "parameters", "from"):
        table.add_column(column, overflow="fold", no_wrap=column in ("kind", "name"))
    for row in rows:
        table.add_row(
            row.kind,
            row.name,
            _summary(row),
            ", ".join(row.factory.model_fields),
            f"{row.distribution} {row.version}",
        )
    PlainConsole().print(table)


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
