"""What a round costs beside training and embedding, on a pool of 100,000 pairs.

    python benchmarks/overhead.py

A campaign with 500 random labels asks for 100 more, hears the answers, trains `supervised` with its
defaults on a two-tower model, embeds the pool and keeps a record. Overhead is everything but
training and embedding, which are the user's own model: scoring, allocating, and all that the
campaign stores. One thread; the median over rounds. Writes a table of Markdown.
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
OUT = Path(__file__).resolve().parent / "results" / "overhead.md"


def main() -> None:
    """Measure every strategy, write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--strategies", default=STRATEGIES, help="names, with commas")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    torch.set_num_threads(1)
    facts = environment(1)
    pool = made_pool(given.pairs, given.dim)
    head = ["strategy", "train", "embed", "score", "allocate", "store", "overhead / train"]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for strategy in given.strategies.split(","):
        rounds = measure(strategy, pool, given.rounds)
        median = {name: float(np.median([r[name] for r in rounds])) for name in head[1:]}
        shown = [f"{median[name]:.2f}" for name in head[1:-1]]
        lines.append([strategy, *shown, f"{100 * median[head[-1]]:.1f}%"])
        print(" ".join(lines[-1]), flush=True)
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    given.out.write_text(
        f"# What a round costs beside the user's own model\n\nSeconds a round on {len(pool):,} "
        f"pairs (two modalities of {given.dim} features, {CLASSES} classes), {INITIAL} labels and "
        f"more, {PICKS} picks, one thread; median of {given.rounds} rounds. Store is what the "
        f"campaign keeps: batch, answers and record. Overhead is score + allocate + store.\n\n"
        f"{table}\n\nMade with `python benchmarks/overhead.py --rounds {given.rounds}`, commit "
        f"{facts['commit']}, {facts['cpu']}.\n",
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
        parts = {"strategy": strategy, "trainer": "supervised", "model": "two-tower"}
        campaign = Campaign.create(Path(folder) / "campaign", pool, seed=0, **parts)
        for number in range(rounds + 1):
            campaign.clock = clock = PhaseClock()
            started = time.perf_counter()
            first = number == 0
            batch = campaign.ask(INITIAL if first else PICKS, strategy="random" if first else None)
            campaign.tell(batch.batch_id, oracle.answers(batch))
            campaign.refresh()
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
