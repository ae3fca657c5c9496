"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

ENGINE_HELP = (
    "Where embedding, scoring and evaluation run: local; with the plugin acqkit-ray also ray, a "
    "cluster for the time of this command, or ray://HOST:PORT, one that there is"
)

Engine = Annotated[
    str, typer.Option(help=f"{ENGINE_HELP}. A name, or YAML: {{name: ray, workers: 4}}.")
]
"""The engine of a command that works on a campaign."""
