"""Try many random sequences of ask, tell, grow, withdraw and reopen; count lost or moved labels.

    for n in $(seq 20); do python benchmarks/growth_sequences.py --sequences 500 --seed $n; done

Each sequence has up to twelve steps, drawn by hypothesis, half of them of campaigns with several
labels a pair. After each step every label, pair and open question is compared with plain
dictionaries. Adds a row to a Markdown table for each seed; fails, with the shortest sequence that
shows it and without a row, where one differs.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from suite.environment import environment

HERE = Path(__file__).resolve().parent
MACHINE = HERE.parent / "tests" / "campaign" / "test_growth_machine.py"
MEMORY = Path("/dev/shm")
"""A folder in memory: no power cut is tried here, so that nothing need reach a disk."""

ROW = re.compile(r"^\| (\d+) \| (\d+) \| ([\d.]+) \| (.+) \|$", re.MULTILINE)
HEAD = """# Campaigns that grow at random

Sequences of ask, tell (also other annotators, and replacing), withdraw, add pairs, add, rename and
merge classes, ask again and reopen with a reordered pool, up to twelve steps each, drawn by
hypothesis. After each step every label, pair and open question was compared with plain
dictionaries: none was lost and none moved in {total:,} sequences.

| seed | sequences | seconds | commit and machine |
|---:|---:|---:|---|
"""


def main() -> int:
    """Run the sequences of one seed and add their row."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sequences", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "growth.md")
    given = parser.parse_args()
    machine = environment(1)
    began = time.perf_counter()
    failed = run(given.sequences, given.seed)
    if not failed:
        seconds = f"{time.perf_counter() - began:.0f}"
        where = f"{machine['commit']}, {machine['cpu']}, {machine['cores']} cores"
        add_row(given.out, given.seed, (str(given.sequences), seconds, where))
    return failed


def run(sequences: int, seed: int) -> int:
    """The exit status of pytest."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(MACHINE)]
    changed = {"ACQKIT_SEQUENCES": str(sequences)}
    if MEMORY.is_dir():
        changed["TMPDIR"] = str(MEMORY)
    seeded = [*command, f"--hypothesis-seed={seed}"]
    return subprocess.run(seeded, check=False, env=os.environ | changed).returncode


def add_row(path: Path, seed: int, cells: tuple[str, str, str]) -> None:
    """Write the table again with the row of this seed, which takes the place of an older one."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    rows = {int(found[0]): found[1:] for found in ROW.findall(text)} | {seed: cells}
    total = sum(int(row[0]) for row in rows.values())
    lines = [f"| {each} | {' | '.join(row)} |\n" for each, row in sorted(rows.items())]
    path.write_text(HEAD.format(total=total) + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
