"""A sample of the points at which a step can fail; `benchmarks/faults.py` tries all of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parent


def test_nothing_is_lost_and_every_failed_step_can_be_repeated() -> None:
    result = subprocess.run(
        [sys.executable, TESTS / "injected_faults.py", "--points", "10:130:47"],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    assert result.returncode == 0, result.stderr
    found = Counter(line.split("\t")[-1] for line in result.stdout.splitlines())
    assert set(found) <= {"refused", "killed", "survived", "done"}, result.stdout
    assert found["refused"] >= 4 and found["killed"] >= 4
