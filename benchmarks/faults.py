"""Let every write, fsync and rename of a small campaign fail in turn.

    python benchmarks/faults.py --points 0:100000:1

At every point: a full disk, a failing disk, and a kill before and after it. Prints a line each with
what became of the step, from which `--points` goes on; fails where an acknowledged answer is lost,
or where the step, repeated, does not end as it does without a fault. The last line counts.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

HARNESS = Path(__file__).parents[1] / "tests" / "injected_faults.py"

if __name__ == "__main__":
    found: Counter[str] = Counter()
    command = [sys.executable, str(HARNESS), *sys.argv[1:]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            found[line.rstrip("\n").rpartition("\t")[2]] += 1
    print(dict(found))
    sys.exit(process.returncode or bool(set(found) - {"refused", "killed", "survived", "done"}))
