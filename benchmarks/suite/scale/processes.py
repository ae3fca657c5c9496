"""A process and all that it started, seen from outside: memory of each, CPU seconds of all."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from suite.speed.watch import anonymous_memory

_INTERVAL, _LOOK_AGAIN = 0.02, 0.5
"""Seconds between two looks at the memory of known processes, and at which there are."""

_TICKS = os.sysconf("SC_CLK_TCK")
_STATE, _PARENT, _CPU = 0, 1, slice(11, 13)
"""Fields of /proc/PID/stat behind the name."""

WORKER = b"ray::Worker"
"""How the command line of a worker of Ray begins, once it has something to do."""


def tree(root: int) -> dict[int, list[str]]:
    """A process, its children, theirs and so on: fields of `/proc/PID/stat` by number."""
    found: dict[int, list[str]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        found[int(path.parent.name)] = text.rpartition(")")[2].split()
    inside, more = set[int](), {root} & found.keys()
    while more:
        inside |= more
        more = {pid for pid, stat in found.items() if int(stat[_PARENT]) in more} - inside
    return {pid: found[pid] for pid in inside}


class CpuSeconds:
    """CPU seconds of a process and all that it started, as far as they were seen.

    What a process used between the last look and its end is not counted.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._ticks: dict[int, int] = {}

    def look(self) -> float:
        """Seconds until now."""
        for pid, stat in tree(self._root).items():
            self._ticks[pid] = sum(map(int, stat[_CPU]))
        return sum(self._ticks.values()) / _TICKS


def workers(root: int) -> list[int]:
    """Workers of Ray on the cluster that a process started."""
    living = (pid for pid, stat in tree(root).items() if stat[_STATE] != "Z")
    return sorted(pid for pid in living if _is_worker(pid))


def _is_worker(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(WORKER)
    except OSError:
        return False


class Peaks:
    """The highest anonymous memory in KiB, by what a process is: `driver`, `workers`, `ray`.

    `driver` is the process given, `workers` those of Ray, and `ray` the others that it started:
    Ray's own.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._peaks: dict[int, int] = {}
        self._workers: set[int] = set()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peaks:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def by_kind(self) -> dict[str, list[int]]:
        """Peaks of each process, the highest first."""
        found: dict[str, list[int]] = {"driver": [], "workers": [], "ray": []}
        for pid, peak in self._peaks.items():
            kind = "workers" if pid in self._workers else "ray"
            found["driver" if pid == self._root else kind].append(peak)
        return {kind: sorted(peaks, reverse=True) for kind, peaks in found.items()}

    def _watch(self) -> None:
        looked = 0.0
        while not self._done.wait(_INTERVAL):
            if time.monotonic() - looked > _LOOK_AGAIN:
                looked = time.monotonic()
                self._peaks |= {pid: self._peaks.get(pid, 0) for pid in tree(self._root)}
                self._workers |= {pid for pid in self._peaks if _is_worker(pid)}
            for pid, peak in self._peaks.items():
                self._peaks[pid] = max(peak, anonymous_memory(pid))
