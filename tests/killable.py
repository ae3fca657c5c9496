"""Work in a forked process that can be killed at an instant of the test's choice."""

from __future__ import annotations

import argparse
import json
import os
import signal
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def print_tally(kill: Callable[[int, int, Path], T], about: str | None) -> T:
    """Call `kill(kills, seed, folder)` by the command line; print what it counted as JSON."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        tally = kill(arguments.kills, arguments.seed, Path(root))
    print(json.dumps(asdict(tally)))
    return tally


def run_in_fork(work: Callable[[], object], seconds: float | None) -> bool:
    """Run `work` in a fork, killed after `seconds` unless None; whether it was killed."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - the child must never return into the parent's code
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        # Until it is waited for, the child keeps its id even if it has ended.
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return True
    assert os.waitstatus_to_exitcode(status) == 0, "the working process failed"
    return False
