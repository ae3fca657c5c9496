"""What a training step costs beside the plain trainer's, at the same batch size.

    python benchmarks/step_cost.py --data ../shared/data

Whole trainings from scratch with default parameters, a tenth of the labels known, one thread; the
trainers take turns, and the median over the repetitions counts. Everything that a trainer does
besides its steps, asking the memory among it, is in its figure. Writes a table of Markdown.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import cast

import numpy as np
import torch

from acqkit.components.resolve import resolve
from acqkit.interfaces import Trainer
from acqkit.labels import LabelState
from acqkit.loading import load_pool
from acqkit.models import Schedule, TwoTower
from acqkit.pool import PairPool
from suite.environment import environment
from tune_trainers import DATA, HERE

POOLS = "ucm_captions,wikipedia,av_digits,mdi_icons,glyphs,fashion"
PLAIN = "supervised"
TRAINERS = (PLAIN, "memory-bank", "embedding-transfer", "memory-bank+embedding-transfer")


def main() -> None:
    """Measure every pool, write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with pools in folders")
    parser.add_argument("--pools", default=POOLS, help="names, with commas")
    parser.add_argument("--times", type=int, default=3, help="repetitions")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "step_cost.md")
    given = parser.parse_args()
    torch.set_num_threads(1)
    facts = environment(1)
    lines = [
        ["pool", "train pairs", "steps", f"{PLAIN}: ms", *(f"{t}: ratio" for t in TRAINERS[1:])]
    ]
    lines.append(["---", *["---:"] * (len(lines[0]) - 1)])
    for name in given.pools.split(","):
        pool = tenth_labeled(name if name == "glyphs" else str(given.data / name))
        cost: dict[str, list[float]] = {trainer: [] for trainer in TRAINERS}
        for seed in range(given.times):
            for trainer in TRAINERS:
                cost[trainer].append(seconds_a_step(trainer, pool, seed))
        median = {t: float(np.median(values)) for t, values in cost.items()}
        ratios = [f"{median[t] / median[PLAIN]:.2f}" for t in TRAINERS[1:]]
        steps = f"{Schedule().steps(len(pool)):,}"
        lines.append([name, f"{len(pool):,}", steps, f"{1000 * median[PLAIN]:.1f}", *ratios])
        print(" ".join(lines[-1]), flush=True)
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    text = (
        f"# What a training step costs\n\n"
        f"Seconds of a whole training, a tenth of the labels known, by its gradient steps; ratios "
        f"to `{PLAIN}`. Median of {given.times} trainings that took turns, one thread.\n\n{table}"
        f"\n\nMade with `python benchmarks/step_cost.py --times {given.times}`, commit "
        f"{facts['commit']}, {facts['cpu']}.\n"
    )
    given.out.write_text(text, encoding="utf-8")
    print(text)


def tenth_labeled(source: str) -> PairPool:
    """The train part of a pool with a random tenth of its labels known."""
    pool = load_pool(source)
    pool = pool.take(pool.train_positions)
    assert pool.truth is not None
    known = np.sort(np.random.default_rng(0).permutation(len(pool))[: len(pool) // 10])
    empty = LabelState.empty(len(pool), len(pool.class_names))
    return pool.with_labels(empty.with_answers(known, pool.truth[known], 0))


def seconds_a_step(name: str, pool: PairPool, seed: int) -> float:
    """Seconds of a training by its gradient steps; a chain takes those of each of its parts."""
    trainer = cast(Trainer, resolve("trainer", name).component)
    model = TwoTower().build(pool, "cpu")
    started = time.perf_counter()
    trainer.fit(model, pool, seed)
    seconds = time.perf_counter() - started
    return seconds / (Schedule().steps(len(pool)) * len(name.split("+")))


if __name__ == "__main__":
    main()
