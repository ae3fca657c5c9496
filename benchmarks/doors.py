"""Bring a hundred thousand damaged and strange inputs to every way in, and count the answers.

    python benchmarks/doors.py --door pool --examples 100000 --seed 0

A line of JSON after every thousand inputs, with the counts so far: sentences, right values,
differences from an independent reader, tracebacks, and answers that took over ten seconds. Inputs
that were answered wrongly go to the standard error. Fails unless there is none. Every thousand has
a seed of its own: to go on after an interruption, give the seed that would have been next.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
HARNESS = TESTS / "doors" / "all_doors.py"

if __name__ == "__main__":
    # Doors use what other tests use, too.
    there = os.environ | {"PYTHONPATH": str(TESTS)}
    command = [sys.executable, str(HARNESS), *sys.argv[1:]]
    sys.exit(subprocess.run(command, check=False, env=there).returncode)
