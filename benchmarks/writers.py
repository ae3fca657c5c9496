"""Answers a second, and the longest wait, where several processes tell one campaign.

    python benchmarks/writers.py

The processes share a number of tells, each of answers to a batch of its own, and begin at the same
time. A wait is the time that one tell takes from the call until its answers are on the disk. The
share is of the answers a second of one process, in the same run. Writes a table of Markdown.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from suite.environment import environment

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from acqkit.store import NewBatch, SqliteStore
from simulated_annotators import light_campaign, true_label

PAIRS_A_BATCH = 100
TELLS = {1: 1600, 100: 240}
"""Tells by how many answers each has: a few seconds of one process."""
OUT = Path(__file__).resolve().parent / "results" / "writers.md"
HEAD = ["answers a tell", "processes", "answers a second", "share", "longest wait (ms)"]


def main() -> None:
    """Measure, or be one of the processes that are measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--answers", type=int, nargs="+", default=[1, 100])
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--tell", nargs=4, metavar=("FOLDER", "PAIRS", "ANSWERS", "FIRST,LAST"))
    given = parser.parse_args()
    if given.tell:
        folder, pairs, answers, rounds = given.tell
        first, last = map(int, rounds.split(","))
        tell_all(Path(folder), int(pairs), int(answers), range(first, last))
        return
    lines = [HEAD, ["---:"] * len(HEAD)]
    for answers in given.answers:
        alone = None
        for processes in given.processes:
            rate, wait = measure(processes, answers)
            alone = alone or rate
            share = f"{rate / alone:.2f}"
            lines.append(
                [str(answers), str(processes), f"{rate:,.0f}", share, f"{1000 * wait:.0f}"]
            )
            print(*lines[-1], flush=True)
    facts = environment(1)
    about = (__doc__ or "").split("\n\n")[2].strip().partition(" Writes")[0]
    rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    given.out.write_text(
        f"# Several processes that tell one campaign\n\n{about}\n\n{rows}\n\nMade with `python "
        f"benchmarks/writers.py`, commit {facts['commit']}, {facts['cpu']}, {facts['cores']} "
        "cores.\n",
        encoding="utf-8",
    )


def measure(processes: int, answers: int) -> tuple[float, float]:
    """Answers a second of all processes together, and the longest wait of any of them."""
    rounds = TELLS[answers] * answers // PAIRS_A_BATCH
    pairs = rounds * PAIRS_A_BATCH * 5 // 4
    shares = np.linspace(0, rounds, processes + 1).astype(int)
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "campaign"
        with light_campaign(folder, pairs) as campaign, closing(SqliteStore.open(folder)) as store:
            train = campaign.pool.train_positions.reshape(rounds, PAIRS_A_BATCH)
            for round, positions in enumerate(train):
                store.add_batch(NewBatch(round, "by hand", positions))
        command = [sys.executable, __file__, "--tell", str(folder), str(pairs), str(answers)]
        running = [
            subprocess.Popen(
                [*command, f"{first},{last}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for first, last in itertools.pairwise(shares)
        ]
        for process in running:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
        began = time.perf_counter()
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        told = [process.stdout.readline() for process in running if process.stdout is not None]
        seconds = time.perf_counter() - began
        assert [process.wait() for process in running] == [0] * processes
        with closing(SqliteStore.open(folder)) as store:
            assert len(store.answers_log()) == rounds * PAIRS_A_BATCH, "answers were lost"
    return rounds * PAIRS_A_BATCH / seconds, max(json.loads(line) for line in told)


def tell_all(folder: Path, pairs: int, answers: int, rounds: range) -> None:
    """Tell the batches of these rounds, some answers at a time; print the longest wait."""
    with light_campaign(folder, pairs) as campaign:
        batches = campaign.batches()[rounds.start : rounds.stop]
        print("ready", flush=True)
        sys.stdin.readline()
        longest = 0.0
        for batch in batches:
            for start in range(0, len(batch), answers):
                labels = {pair: true_label(pair) for pair in batch.ids[start : start + answers]}
                began = time.perf_counter()
                campaign.tell(batch.batch_id, labels)
                longest = max(longest, time.perf_counter() - began)
        print(longest, flush=True)


if __name__ == "__main__":
    main()
