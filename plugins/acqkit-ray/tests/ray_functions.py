"""Functions that workers run in tests, by name: they import this module."""

from __future__ import annotations

import os
import signal
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from acqkit import Component
from acqkit.engine import LocalEngine


def seen(array: NDArray[Any], rows: Any) -> tuple[NDArray[Any], int, bool, str]:
    """Rows of an array, the process, and how the array is there."""
    return array[rows], os.getpid(), array.flags.writeable, type(array.base).__name__


def square(block: int) -> int:
    return block**2


def slow_first(block: int) -> tuple[int, int]:
    time.sleep(1.5 if block == 0 else 0.01)
    return block, os.getpid()


def dies_once(marks: Path, block: int) -> int:
    """Block 3 kills its worker, unless it is worked on for the second time."""
    mark = marks / f"{block}-{time.monotonic_ns()}"
    mark.touch()
    if block == 3 and len(list(marks.glob("3-*"))) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return block**2


def always_dies(marks: Path, block: int) -> int:
    (marks / f"{block}-{time.monotonic_ns()}").touch()
    if block == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return block


class StrangeError(ValueError):
    """Cannot be made again from its arguments, as many errors of libraries cannot."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def fails(block: int) -> int:
    if block == 2:
        raise KeyError("no such thing")
    if block == 5:
        raise StrangeError(1, 2)
    return block


def warns(block: int) -> int:
    warnings.warn(f"block {block} is odd", RuntimeWarning, stacklevel=1)
    return block


def unsendable(block: int) -> Any:
    return lambda: block


def threads(block: int) -> tuple[int, str]:
    return torch.get_num_threads(), os.environ["OMP_NUM_THREADS"]


def engine_of(engine: Component, block: int) -> bool:
    """Whether what is mapped in a worker would be mapped there and then."""
    assert isinstance(engine, LocalEngine)
    return list(engine.map(square, range(3))) == [0, 1, 4]


def total(array: NDArray[np.float64], block: int) -> float:
    return float(array.sum()) + block
