"""Whether engines pick the same pairs.

    python benchmarks/engines.py --data ~/shared/data

Asks every strategy, and every scorer with `top` and `density`, on glyphs and all pools in the
folder, once by `local` and once by `ray`. Prints Markdown, and ends with status 1 where picks or
scores differ. What rounds on large pools take by each engine: `large_pool.py`.
"""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from acqkit_ray import RayEngine, stop

from acqkit import PairPool, RoundContext, load_pool
from acqkit.campaign.embed import embed_pool
from acqkit.components.registry import registry
from acqkit.components.resolve import resolve
from acqkit.embeddings import PairEmbeddings
from acqkit.engine import LOCAL, Engine
from acqkit.selection import select
from acqkit.timing import PhaseClock
from suite.environment import environment

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SHORT = {"name": "supervised", "min_steps": 60, "max_steps": 60}


def main(
    data: Annotated[Path, typer.Option(help="folder with one folder per pool")] = DATA,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    only: Annotated[str, typer.Option(help="pools with this in their name")] = "",
) -> None:
    """Every strategy on every pool, by local and by ray."""
    sources = {"glyphs": "glyphs"} | {p.parent.name: str(p) for p in data.glob("*/pool.npz")}
    engine = RayEngine(workers=workers)
    different = 0
    print("# The same picks, whoever computes\n")
    print(
        "Each strategy, and each scorer with `top` and `density`, asked for 50 pairs by the engine "
        f"`local` and by `ray` with {workers} workers, a tenth of the train pairs labeled.\n"
    )
    print("| pool | train pairs | strategies | same picks and scores | others |")
    print("|---|---:|---:|---:|---|")
    for name, source in sorted(sources.items()):
        if only in name:
            with tempfile.TemporaryDirectory() as folder:
                context = context_of(load_pool(source), Path(folder))
                found = {each: same_picks(each, context, engine) for each in strategies()}
            others = [each for each, same in found.items() if not same]
            different += len(others)
            pairs, same = len(context.pool), len(found) - len(others)
            print(
                f"| {name} | {pairs:,} | {len(found)} | {same} | {', '.join(others)} |", flush=True
            )
    stop()
    facts = environment(jobs=1)
    print(f"\nMade with `python benchmarks/engines.py`, commit {facts['commit']}, {facts['cpu']}.")
    raise typer.Exit(1 if different else 0)


def strategies() -> list[str]:
    """Every strategy that is installed, and every scorer with `top` and `density`."""
    found = registry()
    scored = itertools.product(found.names("scorer"), ("top", "density"))
    return found.names("strategy") + ["+".join(parts) for parts in scored]


def context_of(pool: PairPool, folder: Path) -> RoundContext:
    """A round on a pool's train part, a tenth of it labeled, with embeddings in files."""
    train = pool.take(pool.train_positions)
    assert train.truth is not None
    known = train.answerable(np.arange(0, len(train), 10))
    labels = train.labels.with_answers(known, train.truth[known], 0)
    train = replace(train, truth=None).with_labels(labels)
    model = resolve("model", "two-tower").component.build(train, "cpu")
    resolve("trainer", SHORT).component.fit(model, train, 0)
    embed_pool(model, train).save(folder)
    embeddings = PairEmbeddings.load(folder)
    return RoundContext(1, 0, train, embeddings, train.labels.unlabeled, model, block_size=1024)


def same_picks(name: str, context: RoundContext, engine: Engine) -> bool:
    """Whether a strategy picks the same 50 pairs by both engines, with the same scores."""
    strategy = resolve("strategy", name).component
    here, there = (
        select(strategy, replace(context, engine=each, clock=PhaseClock()), 50)
        for each in (LOCAL, engine)
    )
    scores = all(
        np.array_equal(a, b)
        for a, b in (
            (here.scores, there.scores),
            *((here.terms[t], there.terms[t]) for t in here.terms),
        )
        if a is not None and b is not None
    )
    return scores and np.array_equal(here.positions, there.positions)


if __name__ == "__main__":
    typer.run(main)
