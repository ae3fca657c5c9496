"""Kill a simulated run at random instants; see whether it ends as an uninterrupted one."""

from __future__ import annotations

import argparse
import functools
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import acqkit
from acqkit.runs import Results
from acqkit.testing import make_pool
from killable import run_in_fork
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


def kill_runs(kills: int, seed: int, root: Path) -> dict[str, float]:
    """Kill runs at instants drawn from `seed` until there were `kills`."""
    began = time.perf_counter()
    chance = random.Random(seed)
    run_in_fork(lambda: run(root / "uninterrupted"), None)
    wanted = history(root / "uninterrupted")
    killed, runs = 0, 0
    while killed < kills:
        out = root / f"run-{runs}"
        work = functools.partial(run, out)
        while run_in_fork(work, chance.uniform(0, LONGEST_LIFE) if killed < kills else None):
            killed += 1
        runs += 1
        assert history(out) == wanted, "an interrupted run went another way"
    return {"kills": killed, "runs": runs, "seconds": round(time.perf_counter() - began, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        print(json.dumps(kill_runs(arguments.kills, arguments.seed, Path(root))))


if __name__ == "__main__":
    main()
