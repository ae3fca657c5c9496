"""Commands of acqkit in this process, on a small pool and with components that cost nothing."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import acqkit
from acqkit import Component
from acqkit.campaign.identity import label_digest
from acqkit.cli import main
from acqkit.components.registry import registry
from acqkit.errors import AcqkitError
from acqkit.interfaces import Model, Pool
from light_components import LightFactory, LightMargin


class RefusedError(AcqkitError):
    """A command that ended with its one sentence."""


class NotedTrainer(Component):
    """Calls the model's own fit; what it trained on is in its record, and in a file."""

    def fit(self, model: Model, pool: Pool, seed: int) -> dict[str, Any]:
        model.fit(pool, seed)
        labels = label_digest(pool.labels).hex()
        if journal := os.environ.get(JOURNAL):
            append(Path(journal), f"{labels}\n".encode())
        return {"labels": labels}


JOURNAL = "NOTED_TRAININGS"
"""The environment variable that names the file."""


class Plugin:
    """Light components under names."""

    @acqkit.hookimpl
    def acqkit_register_strategies(self) -> dict[str, type[Component]]:
        return {"light-margin": LightMargin}

    @acqkit.hookimpl
    def acqkit_register_trainers(self) -> dict[str, type[Component]]:
        return {"noted": NotedTrainer}

    @acqkit.hookimpl
    def acqkit_register_models(self) -> dict[str, type[Component]]:
        return {"light": LightFactory}


def install() -> None:
    """Offer the light components; for a process of its own, since they stay."""
    if "noted" not in registry().names("trainer"):
        registry().add(Plugin(), "light", "acqkit", metadata.version("acqkit"))


def append(file: Path, data: bytes) -> None:
    """Write at a file's end by the system's own call, which no fault is put into."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)


def command(*arguments: object) -> None:
    """Give a command; raises RefusedError where it ends with a sentence and exit status 2."""
    sys.argv = ["acqkit", *map(str, arguments)]
    said = io.StringIO()
    status: Any = 0
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        try:
            main()
        except SystemExit as end:
            status = end.code
    if status == 0:
        return
    *_, last = said.getvalue().splitlines() or [""]
    if status == 2 and last.startswith("error: ") and "Traceback" not in said.getvalue():
        raise RefusedError(last)
    raise AssertionError(f"{sys.argv} ended with {status}: {said.getvalue()}")
