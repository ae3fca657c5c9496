"""A measurement in its own process, watched from outside: limits, and the peak of its memory."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from suite.speed.case import Case, Outcome
from suite.workers import THREAD_VARIABLES

BEGIN, END = "begin", "end"
_BENCHMARKS = Path(__file__).parents[2]
_INTERVAL = 0.005
_PREPARATION = 600.0
_SAID_LAST = 400


@dataclass
class _Phase:
    """What is going on in the process, and since when."""

    measuring: bool = False
    since: float = 0.0
    before: int = 0
    peak: int = 0


def run_case(case: Case, data: Path, commit: str) -> Outcome:
    """Measure one case in a fresh process and give what it came to; never raises for its faults.

    The process says on its standard output when each selection begins and ends. From outside,
    its anonymous memory is read every 5 ms in between: a thread inside would not be heard while
    a peer holds the interpreter. A selection past either limit ends the process: DNF.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer, errors = Path(folder) / "answer.json", Path(folder) / "errors.txt"
        arguments = [case.model_dump_json(), str(data), str(answer)]
        with (
            errors.open("w") as sink,
            subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "suite.speed.measure", *arguments],
                env=environment_of(case.threads),
                stdout=subprocess.PIPE,
                stderr=sink,
            ) as process,
        ):
            phase = _Phase(since=time.monotonic())
            try:
                reason = _follow(process, phase, case)
            finally:
                process.kill()
        said = errors.read_text(encoding="utf-8", errors="replace").strip()
        # One repetition that came to its end is a result; the next ones only steady it.
        if answer.exists():
            result = json.loads(answer.read_text(encoding="utf-8"))
        elif reason:
            return Outcome(case=case, status="DNF", reason=reason, commit=commit)
        else:
            last = said.splitlines()[-1] if said else f"ended with code {process.returncode}"
            return Outcome(case=case, status="failed", reason=last[:_SAID_LAST], commit=commit)
    peak = max(phase.peak - phase.before, 0) / 1024
    return Outcome(case=case, status="ok", commit=commit, peak_mib=peak, **result)


def environment_of(threads: int) -> Mapping[str, str]:
    """What a measuring process sees: so many threads, and the benchmarks' own modules."""
    path = os.pathsep.join([str(_BENCHMARKS), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    numbers = dict.fromkeys((*THREAD_VARIABLES, "NUMBA_NUM_THREADS"), str(threads))
    return {**os.environ, **numbers, "PYTHONPATH": path}


def _follow(process: subprocess.Popen[bytes], phase: _Phase, case: Case) -> str:
    """Watch until the process ends; gives why it was ended, or nothing."""
    assert process.stdout is not None
    stdout: IO[bytes] = process.stdout
    while True:
        if select.select([stdout], [], [], _INTERVAL)[0]:
            line = stdout.readline()
            if not line:
                process.wait()
                return ""
            _hear(line.decode().split(), phase)
        if phase.measuring:
            phase.peak = max(phase.peak, anonymous_memory(process.pid))
            if phase.peak - phase.before > case.limit_gib * 2**20:
                return f"over {case.limit_gib:g} GiB"
        allowed = case.limit_seconds if phase.measuring else _PREPARATION
        if time.monotonic() - phase.since > allowed:
            return f"over {allowed:g} s" + ("" if phase.measuring else " before it began")


def _hear(words: list[str], phase: _Phase) -> None:
    if words[:1] == [BEGIN]:
        phase.measuring, phase.since = True, time.monotonic()
        # The first repetition's start counts: what it keeps is its own memory.
        phase.before = phase.before or int(words[1])
    elif words[:1] == [END]:
        phase.measuring, phase.since = False, time.monotonic()
        phase.peak = max(phase.peak, int(words[1]))


def anonymous_memory(pid: int | str) -> int:
    """KiB of a process that no file backs; 0 once it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1])
    return 0
