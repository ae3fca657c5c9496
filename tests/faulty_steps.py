"""Every step in which a fault happens, with what must be so after it; run with --help.

A case makes its step once without a fault and gives a check: it does the step with a fault at one
point, sees what the disk holds then, does the step again and compares with the one without.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from faulty_reports import report_case
from faulty_runs import run_case
from faulty_sheets import sheets_case
from injected_faults import FAULTS, Check, outcome

import kill_campaigns

ROUNDS = 3


def campaign_case(root: Path) -> Check:
    """init, ask and tell of a small campaign: after fault `at` all goes on as without it."""
    kill_campaigns.run_process(root / "twin", root / "twin.jsonl", None, ROUNDS)
    wanted = kill_campaigns.history(root / "twin")

    def check(at: int, fault: str) -> str:
        with tempfile.TemporaryDirectory(dir=root) as place:
            folder, journal = Path(place) / "campaign", Path(place) / "told.jsonl"
            with journal.open("a", encoding="utf-8") as file:
                found = outcome(lambda: kill_campaigns.work(folder, file, ROUNDS), at, fault)
            assert kill_campaigns.check_lost(folder, journal) == 0, (at, fault, found)
            kill_campaigns.run_process(folder, journal, None, ROUNDS)
            assert kill_campaigns.check_lost(folder, journal) == 0, (at, fault, found)
            assert kill_campaigns.history(folder) == wanted, (at, fault, found)
            kill_campaigns.check_whole(folder)
        return found

    return check


CASES: dict[str, Callable[[Path], Check]] = {
    "campaign": campaign_case,
    "report": report_case,
    "run": run_case,
    "sheets": sheets_case,
}


def try_points(name: str, points: range, root: Path) -> None:
    """Print case, point, fault and what became of it, a line each; stop after the last point."""
    folder = root / name
    folder.mkdir()
    check = CASES[name](folder)
    for at in points:
        for number, fault in enumerate(FAULTS):
            found = check(at, fault)
            if found == "done" and number == 0:
                return
            print(name, at, fault, found, sep="\t", flush=True)


def main() -> None:
    """Try the cases and points asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "cases", nargs="*", metavar="CASE[=FIRST:LAST[:STEP]]", default=sorted(CASES),
        help=f"which points of which step (default: all of {', '.join(sorted(CASES))})",
    )  # fmt: skip
    # In memory where there is such a folder: no power is cut here, and syncing takes long.
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as root:
        for given in parser.parse_args().cases:
            name, _, points = given.partition("=")
            try_points(name, range(*map(int, (points or "0:100000").split(":"))), Path(root))


if __name__ == "__main__":
    main()
