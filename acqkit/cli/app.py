"""The command line: every error is one sentence on stderr and exit status 2."""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.markup import escape

import acqkit
from acqkit.cli import campaign, plugins, pool, report, run
from acqkit.errors import AcqkitError

app = typer.Typer(
    name="acqkit",
    help="Which pairs should be labeled next? Acquisition strategies for paired-modality models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("run", context_settings={"allow_interspersed_args": True})(run.run)
app.add_typer(campaign.app, name="campaign")
app.command("report")(report.report)
app.command("plugins")(plugins.plugins)
app.command("new-plugin")(plugins.new)
app.add_typer(pool.app, name="pool")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"acqkit {acqkit.__version__}")
        raise typer.Exit()


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Options of every command."""


def main() -> None:
    """Run the command line; the entry point of the `acqkit` script."""
    try:
        app()
    except AcqkitError as error:
        Console(stderr=True, soft_wrap=True).print(f"[bold red]error:[/] {escape(str(error))}")
        sys.exit(2)
    except KeyboardInterrupt:
        Console(stderr=True).print(
            "interrupted; what is done is kept, and the same command goes on from there"
        )
        sys.exit(130)
