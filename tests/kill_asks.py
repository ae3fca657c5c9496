"""Kill `acqkit campaign ask` at random instants; see that no batch is without a sheet.

Run with --help. Each command is forked from a process that has imported everything.
"""

from __future__ import annotations

import functools
import os
import random
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from acqkit import Campaign
from acqkit.cli import main as acqkit
from acqkit.files import NewFile
from acqkit.pool.folder import save_pool
from acqkit.testing import make_pool
from killable import print_tally, run_in_fork


@dataclass
class Tally:
    """What happened."""

    kills: int = 0
    batches: int = 0
    without_sheet: int = 0
    seconds: float = 0.0


def command(*arguments: object) -> None:
    """Run the command; its exit status must be 0."""
    sys.argv = ["acqkit", "campaign", *map(str, arguments)]
    with Path(os.devnull).open("w") as sys.stdout:
        try:
            acqkit()
        except SystemExit as end:
            assert end.code == 0, f"{sys.argv} ended with {end.code}"


def die(*_: object) -> None:
    """What a kill between the store's commit and the sheet does."""
    os.kill(os.getpid(), signal.SIGKILL)


def ask_and_die_before_the_sheet(folder: Path, sheet: Path) -> None:
    """The batch is stored, the sheet is written and has no name yet."""
    NewFile.publish = die  # type: ignore[assignment,method-assign]
    command("ask", folder, "-n", 2, "--sheet", sheet)


def check(folder: Path, sheet: Path, tally: Tally) -> None:
    """A whole sheet, or none; and where none is, the batch's sheet can be had."""
    with Campaign.open(folder) as campaign:
        new = campaign.batches()[tally.batches :]
    if not new:
        assert not sheet.exists(), "there is a sheet of a batch that nobody stored"
        return
    (batch,) = new
    tally.batches += 1
    again = sheet.with_suffix(".again")
    run_in_fork(functools.partial(command, "sheet", folder, batch.batch_id, "--sheet", again), None)
    assert again.read_text().count(batch.batch_id) == len(batch.ids) == 2
    if sheet.exists():
        assert sheet.read_bytes() == again.read_bytes()
    else:
        tally.without_sheet += 1


def kill_asks(kills: int, seed: int, root: Path) -> Tally:
    """Kill asks at instants drawn from `seed`, the first between store and sheet."""
    began = time.perf_counter()
    chance, tally = random.Random(seed), Tally()
    save_pool(make_pool(8 * kills + 40, test_share=0.25), root / "pool")
    folder, sheet = root / "campaign", root / "first.csv"
    make = ("init", folder, "--pool", root / "pool", "--strategy", "random")
    run_in_fork(functools.partial(command, *make), None)
    tally.kills += run_in_fork(functools.partial(ask_and_die_before_the_sheet, folder, sheet), None)
    check(folder, sheet, tally)
    assert (tally.kills, tally.batches, tally.without_sheet) == (1, 1, 1)
    lifetime: float | None = None
    while tally.kills < kills:
        sheet = root / f"{tally.kills}-{tally.batches}.csv"
        asked = time.perf_counter()
        ask = functools.partial(command, "ask", folder, "-n", 2, "--sheet", sheet)
        tally.kills += run_in_fork(ask, lifetime and chance.uniform(0, lifetime))
        lifetime = lifetime or time.perf_counter() - asked
        check(folder, sheet, tally)
    tally.seconds = round(time.perf_counter() - began, 1)
    return tally


if __name__ == "__main__":
    print_tally(kill_asks, __doc__)
