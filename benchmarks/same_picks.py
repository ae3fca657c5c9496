"""Does this tree still pick the same pairs as another commit, with the same MAP?

    python benchmarks/same_picks.py COMMIT [--only PART_OF_A_NAME]

Installs both side by side into temporary folders (dependencies are those of the environment that
runs this), runs the same cases with each on this machine, one after the other, and compares:
every built-in strategy and scorer, `ascmr+density` in all forms, with constraints, on pairs that
lack a modality and on a pool large enough to be sampled, both trainers by themselves and chained, a
scikit-learn model, and campaigns of several asks. Processors round differently, so records that
were kept of another machine would not do.

Prints every case that differs and how, and exits with 1 if there is any. `--except NAME=REASON`
names a difference that is wanted, which is then printed with its reason.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from suite.same.compare import differences

REPOSITORY = Path(__file__).resolve().parents[1]


def main() -> int:
    """Run both, compare, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("commit", help="the other commit, for example HEAD~10 or main")
    parser.add_argument("--only", default="", help="cases with this text in their name")
    parser.add_argument(
        "--except", dest="wanted", action="append", default=[], metavar="NAME=REASON"
    )
    given = parser.parse_args()
    reasons = dict(item.split("=", 1) for item in given.wanted)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        before = outcomes(checkout(given.commit, folder / "other"), folder, given.only)
        after = outcomes(REPOSITORY, folder, given.only)
    found = differences(before, after)
    for name, difference in found.items():
        print(f"{name}: {difference}{f' (wanted: {reasons[name]})' if name in reasons else ''}")
    unwanted = found.keys() - reasons.keys()
    print(
        f"{len(before)} cases against {given.commit}: {len(before) - len(found)} the same, "
        f"{len(found) - len(unwanted)} different as wanted, {len(unwanted)} different"
    )
    return 1 if unwanted else 0


def checkout(commit: str, folder: Path) -> Path:
    """The files of a commit, without touching this tree."""
    folder.mkdir()
    archive = subprocess.run(
        ["git", "archive", commit], cwd=REPOSITORY, stdout=subprocess.PIPE, check=True
    ).stdout
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
    return folder


def outcomes(tree: Path, scratch: Path, only: str) -> Any:
    """What the cases give with the distributions of `tree`, in a process of their own."""
    print(f"with {tree}", file=sys.stderr, flush=True)
    site = Path(tempfile.mkdtemp(dir=scratch))
    distributions = [tree, *sorted(p.parent for p in tree.glob("plugins/acqkit-*/pyproject.toml"))]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site)]
    subprocess.run([*pip, *map(str, distributions)], check=True)
    out = site / "outcomes.json"
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(site), str(Path(__file__).parent)])
    }
    subprocess.run(
        [sys.executable, "-m", "suite.same.cases", out, only],
        env=environment,
        cwd=site,
        check=True,
    )
    return json.loads(out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
