"""Let every write, fsync and rename of a small campaign, run, report or sheet fail in turn.

    python benchmarks/faults.py
    python benchmarks/faults.py run=100:200 sheets

At every point: a full disk, a failing disk, and a kill before and after it. Prints a line each with
what became of the step; `CASE=POINT:LAST` goes on from there. Fails where something acknowledged is
lost, a file is half there, or the step, repeated, does not end as it does without a fault. The last
line counts.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

HARNESS = Path(__file__).parents[1] / "tests" / "faulty_steps.py"

if __name__ == "__main__":
    found: Counter[str] = Counter()
    command = [sys.executable, str(HARNESS), *sys.argv[1:]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            found[line.rstrip("\n").rpartition("\t")[2]] += 1
    print(dict(found))
    sys.exit(process.returncode or bool(set(found) - {"refused", "killed", "survived", "done"}))
