from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.net

HARNESS = Path(__file__).parents[1] / "kill_runs.py"


def test_a_killed_run_ends_as_if_it_had_not_been_killed() -> None:
    # In a process of its own, because it forks.
    result = subprocess.run(
        [sys.executable, HARNESS, "--kills", "8"], capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    assert '"kills": 8' in result.stdout
