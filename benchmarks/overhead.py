"""What a round costs beside training and embedding, on a pool of 100,000 pairs.

    python benchmarks/overhead.py

A campaign with 500 random labels asks for 100 more, hears the answers, trains `supervised` with its
defaults on a two-tower model, embeds the pool and keeps a record. Overhead is everything but
training and embedding, which are the user's own model: scoring, allocating, and all that the
campaign stores. The median over rounds, with as many threads as torch takes by itself and with
one; `supervised` trains a network as small as this in one anyway. Writes tables of Markdown.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from acqkit.campaign import Campaign
from acqkit.pool import PairPool
from acqkit.runner.oracle import TruthOracle
from acqkit.timing import PhaseClock
from suite.environment import environment

CLASSES, CLUSTERS, INITIAL, PICKS = 20, 300, 500, 100
STRATEGIES = "random,ascmr+density,entropy+density,typiclust,badge,coreset,entropy+top"
OWN = ("train", "embed")
COLUMNS = ["strategy", "train", "embed", "score", "allocate", "store", "overhead / train"]
OUT = Path(__file__).resolve().parent / "results" / "overhead.md"


def main() -> None:
    """Measure every strategy, write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--strategies", default=STRATEGIES, help="names, with commas")
    threads = sorted({torch.get_num_threads(), 1}, reverse=True)
    parser.add_argument("--threads", type=int, nargs="+", default=threads)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    facts = environment(given.threads[0])
    pool = made_pool(given.pairs, given.dim)
    tables = []
    for threads in given.threads:
        torch.set_num_threads(threads)
        lines = [COLUMNS, ["---", *["---:"] * (len(COLUMNS) - 1)]]
        for strategy in given.strategies.split(","):
            rounds = measure(strategy, pool, given.rounds)
            median = {name: float(np.median([r[name] for r in rounds])) for name in COLUMNS[1:]}
            shown = [f"{median[name]:.2f}" for name in COLUMNS[1:-1]]
            lines.append([strategy, *shown, f"{100 * median[COLUMNS[-1]]:.1f}%"])
            print(threads, *lines[-1], flush=True)
        rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        tables.append(f"Threads: {threads}\n\n{rows}\n")
    given.out.write_text(
        f"# What a round costs beside the user's own model\n\nSeconds a round on {len(pool):,} "
        f"pairs (two modalities of {given.dim} features, {CLASSES} classes), {INITIAL} labels and "
        f"more, {PICKS} picks; median of {given.rounds} rounds. Store is what the campaign keeps: "
        f"batch, answers and record. Overhead is score + allocate + store. With more than one "
        f"thread regions and neighbors are looked for while candidates are scored; allocate is "
        f"then what is left to do.\n\n"
        f"{chr(10).join(tables)}\nMade with `python benchmarks/overhead.py --rounds "
        f"{given.rounds}`, commit {facts['commit']}, {facts['cpu']}.\n",
        encoding="utf-8",
    )


def made_pool(n: int, dim: int) -> PairPool:
    """Two views of clusters of unequal size; a class is fifteen of them."""
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.full(CLUSTERS, 0.7))
    cluster = rng.choice(CLUSTERS, n, p=shares)
    centers = rng.standard_normal((CLUSTERS, dim), np.float32)
    shared = centers[cluster] + 0.5 * rng.standard_normal((n, dim), np.float32)
    a, b = (shared + 0.3 * rng.standard_normal((n, dim), np.float32) for _ in "ab")
    return PairPool.from_arrays(a, b, labels=np.eye(CLASSES, dtype=np.uint8)[cluster % CLASSES])


def measure(strategy: str, pool: PairPool, rounds: int) -> list[dict[str, float]]:
    """Seconds of each round by what they went into."""
    found, oracle = [], TruthOracle(pool)
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign.create(Path(folder) / "campaign", pool, strategy=strategy, seed=0)
        for number in range(rounds + 1):
            campaign.clock = clock = PhaseClock()
            started = time.perf_counter()
            first = number == 0
            batch = campaign.ask(INITIAL if first else PICKS, strategy="random" if first else None)
            campaign.tell(batch.batch_id, oracle.answers(batch))
            campaign.trained()
            campaign.add_record(number, {"picked": list(batch.ids)})
            total = time.perf_counter() - started
            spent = dict(clock.seconds)
            own = {name: spent.pop(name) for name in OWN}
            score = spent.pop("score", 0.0)
            # What allocators time by themselves, regions and graphs, is part of allocating.
            found.append(
                {
                    **own,
                    "score": score,
                    "allocate": sum(spent.values()),
                    "store": total - sum(own.values()) - score - sum(spent.values()),
                    "overhead / train": (total - sum(own.values())) / own["train"],
                }
            )
    return found[1:]


if __name__ == "__main__":
    main()
