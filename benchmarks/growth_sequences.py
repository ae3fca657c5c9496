"""Try many random sequences of ask, tell, grow, withdraw and reopen; count lost or moved labels.

    python benchmarks/growth_sequences.py --sequences 10000

Each sequence has up to twelve steps, drawn by hypothesis, half of them of campaigns with several
labels a pair. After each step every label, pair and open question is compared with plain
dictionaries. Prints one line of JSON; fails, with the shortest sequence that shows it, where one
differs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

MACHINE = Path(__file__).parents[1] / "tests" / "campaign" / "test_growth_machine.py"

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=10_000)
    arguments = parser.parse_args()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(MACHINE)]
    environment = os.environ | {"ACQKIT_SEQUENCES": str(arguments.sequences)}
    began = time.perf_counter()
    failed = subprocess.run(command, check=False, env=environment).returncode
    if not failed:
        seconds = round(time.perf_counter() - began, 1)
        print(json.dumps({"sequences": arguments.sequences, "lost": 0, "seconds": seconds}))
    sys.exit(failed)
