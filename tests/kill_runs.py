"""Kill a simulated run at random instants; see whether it ends as an uninterrupted one."""

from __future__ import annotations

import functools
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import acqkit
from acqkit.runs import Results
from acqkit.testing import make_pool
from killable import print_tally, run_in_fork
from light_components import LightFactory, LightMargin, LightTrainer

LONGEST_LIFE = 0.8


def run(out: Path) -> Results:
    """A run of two seeds and eight rounds whose picks depend on what was trained."""
    return acqkit.run(
        make_pool(test_share=0.25),
        strategy=LightMargin(),
        trainer=LightTrainer(),
        model=LightFactory(),
        initial=12,
        per_round=4,
        rounds=8,
        seeds=2,
        out=out,
    )


def history(out: Path) -> list[dict[str, Any]]:
    """The rounds that a run wrote, without their timings."""
    results = Results.read(out / "results.json")
    return [record.model_dump(exclude={"seconds"}) for record in results.rounds]


@dataclass
class Tally:
    """What happened."""

    kills: int = 0
    runs: int = 0
    seconds: float = 0.0


def kill_runs(kills: int, seed: int, root: Path) -> Tally:
    """Kill runs at instants drawn from `seed` until there were `kills`."""
    began = time.perf_counter()
    chance = random.Random(seed)
    run_in_fork(lambda: run(root / "uninterrupted"), None)
    wanted = history(root / "uninterrupted")
    tally = Tally()
    while tally.kills < kills:
        out = root / f"run-{tally.runs}"
        work = functools.partial(run, out)
        while run_in_fork(work, chance.uniform(0, LONGEST_LIFE) if tally.kills < kills else None):
            tally.kills += 1
        tally.runs += 1
        assert history(out) == wanted, "an interrupted run went another way"
    tally.seconds = round(time.perf_counter() - began, 1)
    return tally


if __name__ == "__main__":
    print_tally(kill_runs, __doc__)
