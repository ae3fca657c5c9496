"""A sample of the points at which a step can fail; `benchmarks/faults.py` tries all of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

pytestmark = pytest.mark.net

TESTS = Path(__file__).parent


POINTS = {"campaign": "30:31", "report": "4:5", "run": "130:131", "sheets": "49:50"}
"""Of each step one point; the last is where an ask tries whether a sheet can be written."""


def test_nothing_is_lost_and_every_failed_step_can_be_repeated() -> None:
    wanted = [f"{case}={points}" for case, points in POINTS.items()]
    result = subprocess.run(
        [sys.executable, TESTS / "faulty_steps.py", *wanted],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    assert result.returncode == 0, result.stderr
    found = Counter(tuple(line.split("\t")[::3]) for line in result.stdout.splitlines())
    assert {word for _, word in found} <= {"refused", "killed", "survived", "done"}, result.stdout
    for case in POINTS:
        assert found[case, "refused"] == found[case, "killed"] == 2, found
