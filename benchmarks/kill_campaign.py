"""Kill a running campaign 200 times (--kills) at random instants and count what is lost.

    python benchmarks/kill_campaign.py --kills 200 --seed 0

Prints one line of JSON: kills (and how many of them came before the campaign's folder was
there), campaigns carried to their end, answers that `tell` acknowledged, answers lost. Fails
unless none is lost and every campaign has the history of its uninterrupted twin.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HARNESS = Path(__file__).parents[1] / "tests" / "kill_campaigns.py"

if __name__ == "__main__":
    sys.exit(subprocess.run([sys.executable, HARNESS, *sys.argv[1:]], check=False).returncode)
