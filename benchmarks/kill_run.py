"""Kill a simulated run 200 times (--kills) at random instants and go on with it each time.

    python benchmarks/kill_run.py --kills 200 --seed 0

Prints one line of JSON: kills, runs carried to their end, seconds. Fails unless every run ends
with the picks and scores of its uninterrupted twin.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HARNESS = Path(__file__).parents[1] / "tests" / "kill_runs.py"

if __name__ == "__main__":
    sys.exit(subprocess.run([sys.executable, HARNESS, *sys.argv[1:]], check=False).returncode)
