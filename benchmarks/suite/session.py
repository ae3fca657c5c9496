"""What every kind of suite does alike: its folder, its bar, its options."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from acqkit.engine import Engine
from acqkit.errors import ConfigError

Kind = Literal["study", "speed", "scale", "collection"]
_HOUR = 3600.0
"""Over how many seconds the speed is estimated: a piece of work may take minutes."""


@dataclass(frozen=True)
class Session:
    """Where and how a suite is run; see the options of `run.py`."""

    console: Console
    out: Path
    jobs: int = 1
    resume: bool = False
    data: Path | None = None
    seeds: int | None = None
    dry_run: bool = False
    engine: Engine | None = None
    """Where cells run; None: in processes of this machine."""

    def say(self, text: str) -> None:
        """Print a line, never wrapped."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def claim(self) -> None:
        """Make the output folder; raises ConfigError if it holds something not to go on with."""
        if self.out.exists() and any(self.out.iterdir()) and not self.resume:
            raise ConfigError(
                f"{self.out} is not empty; give --resume to go on with it, or another --out"
            )
        self.out.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def bar(self) -> Iterator[Progress]:
        """Progress over pieces of work, with the time that is left."""
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
            speed_estimate_period=_HOUR,
        ) as progress:
            yield progress


def kind_of(path: Path) -> Kind:
    """What a suite file asks for by its key `kind`; a study where it does not say.

    Raises ConfigError for another kind.
    """
    kind = read_yaml(path).get("kind", "study")
    if kind not in get_args(Kind):
        known = ", ".join(get_args(Kind))
        raise ConfigError(f"{path.name}: there is no kind of suite {kind!r}; known: {known}")
    return kind  # type: ignore[no-any-return]


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a suite file; raises ConfigError where there is none."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path.name} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{path.name} holds no mapping; give title, pools and strategies")
    return data
