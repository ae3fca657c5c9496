"""Who writes next to a campaign, where several processes want to."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

TURN_SECONDS = 0.001
"""How often who waits to write asks whether it may.

SQLite by itself sleeps longer each time, up to 0.1 s, so that processes that have just come pass
those that wait, and nobody writes while all of them sleep. More often would take the writer's time.
"""


@contextmanager
def head_of_line(folder: Path, give_up: float) -> Iterator[None]:
    """Be the first in the line of those that want to write to `folder` while the block runs.

    Who has just written and wants to again comes after it; without a line it would be back before
    those that only ask every `TURN_SECONDS`. This is politeness, the database itself sees to it
    that one writes at a time: from the moment `give_up` on (seconds, of `time.monotonic`), and
    where the system has no such lock, it goes on without.
    """
    with ExitStack() as line:
        with suppress(OSError):
            _wait(folder, give_up, line)
        yield


def _wait(folder: Path, give_up: float, line: ExitStack) -> None:
    if sys.platform != "win32":
        # The folder itself can be locked by whoever may read it, and no file has to be made.
        handle = os.open(folder, os.O_RDONLY)
        line.callback(os.close, handle)
        while time.monotonic() < give_up:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(TURN_SECONDS)
            else:
                return
