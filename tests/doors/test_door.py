"""The net itself: each fault of a door is seen as what it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from count_doors import count
from door import Answer, Door, Kind, hold, knock
from hypothesis import strategies as st

from acqkit.errors import PoolError


def write(given: int, folder: Path) -> Path:
    (folder / "number").write_text(str(given))
    return folder / "number"


def judge(path: Path, value: int) -> str | None:
    wanted = int(path.read_text())
    return None if value == wanted else f"{value}, wanted {wanted}"


def door(open_it: Callable[[Path], int]) -> Door:
    return Door("numbers", st.integers(0, 10**6), write, open_it, judge)


def read(path: Path) -> int:
    return int(path.read_text())


def refuse(path: Path) -> int:
    raise PoolError(f"{path} is of no use; bring another one")


def refuse_at_length(path: Path) -> int:
    raise PoolError("wrong\n" * 3)


def stumble(path: Path) -> int:
    raise KeyError(path)


def sleep(path: Path) -> int:
    try:
        time.sleep(30)
    except Exception:  # noqa: BLE001 - as plugins do
        return 0
    return read(path)


@pytest.mark.parametrize(
    ("open_it", "kind"),
    [
        (read, "right"),
        (refuse, "sentence"),
        (refuse_at_length, "traceback"),
        (stumble, "traceback"),
        (lambda path: read(path) + 1, "difference"),
        (sleep, "hang"),
    ],
)
def test_an_answer_is_seen_as_what_it_is(open_it: Callable[[Path], int], kind: Kind) -> None:
    assert knock(door(open_it), 3, patience=0.2).kind == kind


def test_a_test_of_a_door_fails_where_the_door_does() -> None:
    hold(door(read), 3)
    hold(door(refuse), 3)
    with pytest.raises(AssertionError, match="difference: 4, wanted 3"):
        hold(door(lambda path: read(path) + 1), 3)


def test_answers_are_counted_and_faults_shown() -> None:
    def sometimes(path: Path) -> int:
        number = read(path)
        if number % 10 == 7:
            raise KeyError("seven")
        return number if number % 10 < 8 else -1

    shown: list[tuple[Any, Answer]] = []
    counts = count(door(sometimes), 200, seed=0, show=lambda *fault: shown.append(fault))
    assert sum(counts.values()) == 200
    assert counts["right"] > 0 and counts["sentence"] == counts["hang"] == 0
    assert len(shown) == counts["traceback"] + counts["difference"] > 0
    assert {given % 10 for given, _ in shown} <= {7, 8, 9}
    assert counts == count(door(sometimes), 200, seed=0, show=lambda *fault: None)
