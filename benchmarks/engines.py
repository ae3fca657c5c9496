"""Whether engines pick the same pairs, and at what rates they work.

    python benchmarks/engines.py picks --data ~/shared/data
    python benchmarks/engines.py rates --pairs 100000 --pairs 1000000 --kill

`picks` asks every strategy, and every scorer with `top` and `density`, on glyphs and all pools in
the folder, once by `local` and once by `ray`. `rates` asks one round of `ascmr+density` on pools
made for it, in folders of `.npy`: seconds by phase and peak memory with `local` on one core and
with workers of Ray; with --kill once more, where a worker is killed while embedding and another
while scoring. Both print Markdown, and end with status 1 where picks differ.
"""

from __future__ import annotations

import itertools
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from acqkit_ray import RayEngine, stop

from acqkit import Campaign, PairPool, RoundContext, load_pool
from acqkit.campaign.embed import embed_pool
from acqkit.components.registry import registry
from acqkit.components.resolve import resolve
from acqkit.embeddings import PairEmbeddings
from acqkit.engine import LOCAL, Engine
from acqkit.pool.folder import save_pool
from acqkit.selection import select
from acqkit.timing import PhaseClock

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SHORT = {"name": "supervised", "min_steps": 60, "max_steps": 60}
PHASES = ("train", "embed", "score", "allocate")
LARGE = 1_000_000_000
app = typer.Typer(help="Engines beside each other.")


@app.command()
def picks(
    data: Annotated[Path, typer.Option(help="folder with one folder per pool")] = DATA,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    only: Annotated[str, typer.Option(help="pools with this in their name")] = "",
) -> None:
    """Every strategy on every pool, by local and by ray."""
    sources = {"glyphs": "glyphs"} | {p.parent.name: str(p) for p in data.glob("*/pool.npz")}
    engine = RayEngine(workers=workers)
    different = 0
    print("| pool | pairs | strategies | same picks and scores | others |")
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


@dataclass
class Killing:
    """An engine of which a worker is killed over each function, when some blocks are done."""

    engine: Engine
    killed: dict[str, int] = field(default_factory=dict)

    def map(
        self, function: Callable[..., Any], blocks: Iterable[Any], *, thread_safe: bool = False
    ) -> Iterator[Any]:
        """As the engine's, with a death."""
        name = getattr(getattr(function, "func", None), "__name__", "")
        for number, result in enumerate(self.engine.map(function, blocks, thread_safe=thread_safe)):
            if number == 2 and name in ("_embed", "_score_block") and name not in self.killed:
                self.killed[name] = next(iter(workers_here()))
                os.kill(self.killed[name], signal.SIGKILL)
            yield result


def workers_here() -> list[int]:
    """Processes of this machine in which Ray's workers run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(b"ray::Worker"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


class Memory:
    """Peaks of anonymous memory in MiB, of this process and of the largest worker."""

    def __init__(self) -> None:
        self.here = self.worker = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.2):
            self.here = max(self.here, anonymous(os.getpid()))
            self.worker = max([self.worker, *map(anonymous, workers_here())])


def anonymous(process: int) -> float:
    """Anonymous memory of a process now, MiB; 0 where it has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    lines = [line.split() for line in status.splitlines() if line.startswith("RssAnon")]
    return int(lines[0][1]) / 1024 if lines else 0.0


@dataclass
class Round:
    """A round that was asked for."""

    title: str
    seconds: dict[str, float]
    ids: list[Any]
    memory: Memory


@app.command()
def rates(
    pairs: Annotated[list[int] | None, typer.Option(help="sizes of pools [100000]")] = None,
    dim: Annotated[int, typer.Option(min=2, help="width of both features")] = 128,
    picks: Annotated[int, typer.Option(min=1, help="pairs to ask for")] = 1000,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    kill: Annotated[bool, typer.Option("--kill", help="also with two deaths")] = False,
) -> None:
    """One round of ascmr+density by local on one core and by ray."""
    torch.set_num_threads(1)
    engine = RayEngine(workers=workers)
    list(engine.map(abs, [1]))  # a cluster that is there: starting it is no part of a round
    engines: dict[str, Any] = {"local, 1 core": LOCAL, f"ray, {workers} workers": engine}
    if kill:
        engines[f"ray, {workers} workers, 2 killed"] = Killing(engine)
    different, last = 0, []
    print(
        f"| pairs x {dim} | engine | {' | '.join(PHASES)} | MiB here | MiB a worker | same picks |"
    )
    print(f"|---:|---|{'---:|' * (len(PHASES) + 3)}")
    for number in pairs or [100_000]:
        with tempfile.TemporaryDirectory() as folder:
            made_pool(number, dim, Path(folder) / "pool")
            last = [asked(Path(folder), name, each, picks) for name, each in engines.items()]
        for each in last:
            same = len(set(each.ids) & set(last[0].ids))
            different += each.ids != last[0].ids
            seconds = " | ".join(f"{each.seconds.get(phase, 0):.1f} s" for phase in PHASES)
            memory = f"{each.memory.here:.0f} | {each.memory.worker:.0f}"
            print(
                f"| {number:,} | {each.title} | {seconds} | {memory} | {same} of {picks} |",
                flush=True,
            )
    stop()
    print_estimate(number, last[0].seconds)
    raise typer.Exit(1 if different else 0)


def made_pool(pairs: int, dim: int, path: Path) -> None:
    """A folder with a pool of clusters seen in two modalities, one of six classes a pair."""
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((200, dim), dtype=np.float32)
    cluster = rng.integers(200, size=pairs)
    noise = (rng.standard_normal((pairs, dim), dtype=np.float32) for _ in range(2))
    a, b = (centers[cluster] + np.float32(0.6) * each for each in noise)
    names = tuple(f"class {c}" for c in range(6))
    save_pool(PairPool.from_arrays(a, b, labels=cluster % 6, class_names=names, name="made"), path)


def asked(folder: Path, title: str, engine: Any, picks: int) -> Round:
    """A batch of a new campaign on the pool in the folder, after 600 labels."""
    pool = load_pool(folder / "pool")
    assert pool.truth is not None
    known = pool.train_positions[:: max(1, len(pool.train_positions) // 600)][:600]
    classes = pool.truth[known].argmax(axis=1)
    answers = dict(zip(pool.ids[known].tolist(), classes.tolist(), strict=True))
    where = folder / title.replace(", ", "-").replace(" ", "-")
    parts: dict[str, Any] = {"strategy": "ascmr+density", "trainer": SHORT, "engine": engine}
    with Campaign.create(where, replace(pool, truth=None), **parts) as campaign, Memory() as memory:
        campaign.add_labels(answers)
        batch = campaign.ask(picks)
        return Round(title, dict(campaign.seconds), list(batch.ids), memory)


def print_estimate(pairs: int, seconds: dict[str, float]) -> None:
    """What the rates of one core come to for 10^9 pairs: an estimate."""
    print(
        f"\nOne core at {pairs:,} pairs, and what that comes to for {LARGE:,} pairs (an estimate:"
    )
    print("rates times pairs, as if storage kept up and nothing else grew):\n")
    print("| phase | pairs a second and core | core hours |\n|---|---:|---:|")
    for phase in ("embed", "score"):
        rate = pairs / seconds[phase]
        print(f"| {phase} | {rate:,.0f} | {LARGE / rate / 3600:,.1f} |")


if __name__ == "__main__":
    app()
