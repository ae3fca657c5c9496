"""A door: a way in for what others wrote, and how what it answers is judged."""

from __future__ import annotations

import re
import signal
import tempfile
import traceback
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hypothesis import HealthCheck, settings
from hypothesis.strategies import SearchStrategy

from acqkit.errors import AcqkitError

HANG_SECONDS = 10.0
"""Seconds after which an answer no longer comes in time."""

LONGEST_SENTENCE = 400
"""Characters that somebody still reads."""

Kind = Literal["sentence", "right", "difference", "traceback", "hang"]
FINE: tuple[Kind, ...] = ("sentence", "right")

IN_CI = settings(
    max_examples=1000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""How often a door is tried by its test; `benchmarks/doors.py` tries a hundred times as often."""


@dataclass(frozen=True)
class Door:
    """One way in.

    `inputs` make what somebody may bring; `write` puts an input into an empty folder and says
    where it is; `open` is acqkit's own and takes that path; `judge` compares what came out with
    what an independent reader finds at the path, and says what is different, or None. Where a door
    lists all that is wrong, `several` is the pattern that parts its sentences.
    """

    name: str
    inputs: SearchStrategy[Any]
    write: Callable[[Any, Path], Path]
    open: Callable[[Path], Any]
    judge: Callable[[Path, Any], str | None]
    several: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a door said to one input: its kind, and the sentence, difference or traceback."""

    kind: Kind
    text: str = ""


def knock(door: Door, given: Any, patience: float = HANG_SECONDS) -> Answer:
    """Bring one input to a door."""
    with tempfile.TemporaryDirectory() as folder:
        path = door.write(given, Path(folder))
        try:
            with _at_most(patience):
                value = door.open(path)
        except _LateError:
            return Answer("hang", traceback.format_exc())
        except AcqkitError as error:
            return _sentence(error, door.several)
        except Exception:  # noqa: BLE001 - it is what is looked for
            return Answer("traceback", traceback.format_exc())
        problem = door.judge(path, value)
        return Answer("right") if problem is None else Answer("difference", problem)


def _sentence(error: AcqkitError, several: str | None) -> Answer:
    text = str(error)
    sentences = [text] if several is None else re.split(several, text)
    for one in sentences:
        if not one.strip() or "\n" in one or len(one) > LONGEST_SENTENCE:
            return Answer("traceback", f"no sentence: {one!r}")
    return Answer("sentence", text)


def hold(door: Door, given: Any) -> None:
    """Assert that a door answers one input with a sentence or with the right value."""
    answer = knock(door, given)
    assert answer.kind in FINE, f"{answer.kind}: {answer.text}"


class _LateError(BaseException):
    """Not an Exception, which code under test might catch."""


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    def late(number: int, frame: types.FrameType | None) -> None:
        raise _LateError

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
