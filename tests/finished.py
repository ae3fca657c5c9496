"""A command that a test has run: what it printed, and what its errors must look like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Finished:
    """What a command printed, and its exit status."""

    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Finished]


def assert_one_sentence(result: Finished, *fragments: str) -> None:
    assert result.returncode not in (0, 1), result.stdout
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    for fragment in fragments:
        assert fragment in result.stderr
