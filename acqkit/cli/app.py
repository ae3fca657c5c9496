"""The command line: every error is one sentence on stderr and exit status 2.

A command's module is imported when that command is called for, so that `acqkit --help` and
`acqkit --version` need not wait for torch.
"""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from types import ModuleType
from typing import NamedTuple

import typer
from typer.main import get_command

import acqkit
from acqkit.cli.console import say, say_own_warnings
from acqkit.cli.ending import Terminated, end


class _Command(NamedTuple):
    """Where a command, or a `typer.Typer` of several, is found, and its line in the help."""

    module: str
    attribute: str
    help: str


COMMANDS = {
    "run": _Command(
        "run", "run", "Simulate one or several strategies on a pool with known labels."
    ),
    "campaign": _Command(
        "campaign", "app", "Label with people: ask for pairs, tell their labels, over days."
    ),
    "export": _Command(
        "export",
        "export",
        "Write what a simulated run has come to: labels, model, embeddings, an index.",
    ),
    "search": _Command(
        "search", "search", "Find the best matches in what a campaign or a run has exported."
    ),
    "report": _Command(
        "report", "report", "Write one self-contained HTML page about runs; it needs no network."
    ),
    "plugins": _Command(
        "plugins",
        "plugins",
        "List every strategy, scorer, allocator, trainer, model and data set installed.",
    ),
    "new-plugin": _Command(
        "plugins", "new", "Make a working plugin to start from: a strategy with its tests."
    ),
    "pool": _Command("pool", "app", "Make pools from files, and look at them."),
}


def make_app(arguments: Sequence[str]) -> typer.Typer:
    """The application for these arguments: commands named in them, stand-ins of all others."""
    app = typer.Typer(
        name="acqkit",
        help="Which pairs should be labeled next? Acquisition strategies for paired-modality "
        "models.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name, command in COMMANDS.items():
        found = _not_called_for
        if name in arguments:
            found = getattr(_imported(f"acqkit.cli.{command.module}"), command.attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name, short_help=command.help)
        else:
            app.command(name, short_help=command.help)(found)
    return app


def _imported(name: str) -> ModuleType:
    """A module. Garbage is not looked for meanwhile: imports leave none, and it takes a fifth."""
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.enable()
        gc.freeze()


def _not_called_for() -> None:
    """Stands for a command in the help's list."""


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"acqkit {acqkit.__version__}")
        raise typer.Exit()


def _options(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Options of every command."""


def main() -> None:
    """Run the command line; the entry point of the `acqkit` script."""
    # What a terminal has no letters for is shown by its escape.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    say_own_warnings()
    before = signal.signal(signal.SIGTERM, _terminate)
    status = 0
    try:
        _invoke(sys.argv[1:])
    except BaseException as error:  # noqa: BLE001 - here every exception ends
        status = end(error)
    finally:
        signal.signal(signal.SIGTERM, before)
    sys.exit(status)


def _invoke(arguments: list[str]) -> None:
    """Call the command without typer's own handling of exceptions, which hides some."""
    command = get_command(make_app(arguments))
    with command.make_context("acqkit", arguments) as context:
        command.invoke(context)
    sys.stdout.flush()  # what cannot be written is an error of this command


def _terminate(number: int, frame: object) -> None:
    raise Terminated
