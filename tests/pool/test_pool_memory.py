"""A large pool on disk is opened without being loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.format import open_memmap

PAIRS = 1_000_000
MIB = 1 << 20

OPENING = """
import sys
from pathlib import Path
import numpy as np
from acqkit.pool.open import open_pool

def status(field):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024

open_pool(Path(sys.argv[1]))  # what is imported and allocated once is not the pool's
before = status("VmRSS"), status("VmHWM")
pool = open_pool(Path(sys.argv[2]))
after = status("VmRSS"), status("VmHWM")
assert len(pool) == int(sys.argv[3])
picked = pool.batch(np.arange(0, len(pool), len(pool) // 7))
assert picked.a.shape == (8, 16)
print(after[0] - before[0], after[1] - before[1])
"""


def write_pool(folder: Path, n: int) -> Path:
    folder.mkdir()
    for letter in "ab":
        open_memmap(folder / f"modality_{letter}.npy", "w+", np.float32, (n, 16)).flush()
    labels = open_memmap(folder / "labels.npy", "w+", np.uint8, (n, 10))
    labels[np.arange(n), np.arange(n) % 10] = 1
    labels.flush()
    np.save(folder / "split.npy", np.where(np.arange(n) % 10, "train", "test"))
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from Linux's /proc")
def test_opening_a_million_pairs_takes_a_few_mib(tmp_path: Path) -> None:
    small, large = write_pool(tmp_path / "small", 10), write_pool(tmp_path / "large", PAIRS)
    result = subprocess.run(
        [sys.executable, "-c", OPENING, small, large, str(PAIRS)],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    resident, peak = (int(number) / MIB for number in result.stdout.split())
    assert resident < 4, f"{resident:.1f} MiB stay resident"
    assert peak < 6, f"{peak:.1f} MiB at the peak"
