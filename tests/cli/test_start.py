"""The command starts without what it does not need yet."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer
from typer.main import get_command

from acqkit.cli.app import COMMANDS, make_app

HEAVY = ("torch", "faiss", "sklearn", "sqlalchemy", "pyarrow", "matplotlib", "scipy", "pydantic")


def imported(code: str) -> set[str]:
    """Modules that a new process has imported after `code`."""
    script = f"""
import sys
try:
    {code}
except SystemExit as end:
    assert not end.code
print("imported:", *sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    return set(done.stdout.partition("imported: ")[2].split())


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_nothing_heavy(option: str) -> None:
    modules = imported(f"sys.argv[1:] = ['{option}']; from acqkit.cli import main; main()")
    assert "acqkit.cli.app" in modules
    assert not modules & {*HEAVY, "numpy"}


def test_importing_acqkit_imports_nothing_heavy() -> None:
    modules = imported("import acqkit")
    assert "acqkit" in modules
    assert not modules & {*HEAVY, "numpy"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_listed_with_the_first_sentence_of_its_own_help(name: str) -> None:
    group = get_command(make_app([name]))
    command = group.commands[name]  # type: ignore[attr-defined]
    assert command.help.split("\n\n")[0].replace("\n", " ").strip() == COMMANDS[name].help
    assert command.params or isinstance(command, typer.core.TyperGroup)
