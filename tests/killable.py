"""Work in a forked process that can be killed at an instant of the test's choice."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable


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
