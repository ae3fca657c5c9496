"""A suite of suites: one after the other, each into a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from acqkit.components.explain import explain
from acqkit.components.spec import Settings
from acqkit.errors import ConfigError
from suite.config import find_suite
from suite.session import Session, read_yaml

RunSuite = Callable[[Path, Session], None]


class Collection(Settings):
    """The names or paths of suites."""

    kind: Literal["collection"]
    title: str = Field(min_length=1)
    suites: list[str] = Field(min_length=1)


def run_collection(file: Path, session: Session, run_suite: RunSuite) -> None:
    """Run every suite by `run_suite`, into a folder of its name in that of the session.

    Raises ConfigError before anything is run if one of them is not there.
    """
    try:
        collection = Collection.model_validate(read_yaml(file))
    except ValidationError as error:
        raise ConfigError(f"{file.name}: {explain(error, Collection)}") from None
    files = [find_suite(name) for name in collection.suites]
    if not session.dry_run:
        session.claim()
    for each in files:
        run_suite(each, replace(session, out=session.out / each.stem))
