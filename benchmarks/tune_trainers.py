"""Choose the parameters of trainers on validation pairs, with one budget for every trainer.

    python benchmarks/tune_trainers.py
    python benchmarks/tune_trainers.py memory-bank fixmatch --jobs 2

Settings are read from tune_trainers.yaml. A fixed fifth of the train pairs of each pool is held
out; a tenth of the others is labeled at random. Test pairs are not looked at.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import shlex
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, cast

import numpy as np
import torch
import typer
import yaml
from rich.console import Console
from rich.progress import track

from acqkit.components.resolve import resolve
from acqkit.errors import AcqkitError
from acqkit.interfaces import ModelFactory, Trainer
from acqkit.labels import LabelState
from acqkit.loading import load_pool
from acqkit.pool import PairPool
from acqkit.randomness import derive_seed, pair_keys, uniforms
from acqkit.report.figures import Estimate
from acqkit.runner.evaluate import evaluate
from suite.baselines import register_baselines
from suite.config import PoolEntry
from suite.environment import environment
from suite.locate import locate
from suite.tables import estimate

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data"
VALIDATION = 0.2
MOST = 6
"""Settings a trainer may have: who tries more finds more."""


@dataclass(frozen=True)
class Job:
    """One training: a trainer with one setting, on one pool, for one seed."""

    trainer: str
    params: tuple[tuple[str, Any], ...]
    pool: str
    source: str
    options: str
    seed: int
    steps: int
    labeled: float


@dataclass(frozen=True)
class Done:
    """What came of it, on validation pairs."""

    job: Job
    map: float
    map50: float
    seconds: float


def main(
    trainers: Annotated[list[str] | None, typer.Argument(help="[default: all]")] = None,
    grid: Annotated[Path, typer.Option(help="settings")] = HERE / "tune_trainers.yaml",
    out: Annotated[Path, typer.Option()] = HERE / "results" / "tune_trainers.md",
    data: Annotated[Path, typer.Option(help="folder of the pools data:NAME")] = DATA,
    jobs: Annotated[int, typer.Option(min=1, help="trainings at a time, one thread each")] = 1,
    seeds: Annotated[int, typer.Option(min=1)] = 3,
    steps: Annotated[int, typer.Option(min=1)] = 300,
    labeled: Annotated[float, typer.Option(min=0, max=1, help="share of labeled pairs")] = 0.1,
) -> None:
    """Train every setting on every pool for every seed, and write a table."""
    console = Console()
    try:
        register_baselines()
        work = list(_plan(console, grid, trainers or [], data, seeds, steps, labeled))
    except AcqkitError as error:
        console.print(f"[red]Error:[/] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(2) from None
    command = shlex.join(["python", "benchmarks/tune_trainers.py", *(trainers or [])])
    # Before the trainings: they read the code now, whatever is committed meanwhile.
    made_with = environment(jobs) | {"command": command}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _prepare) as workers:
        futures = [workers.submit(run_job, job) for job in work]
        ended = track(as_completed(futures), "trainings", len(work), console=console)
        done = [future.result() for future in ended]
    text = markdown(done, steps, labeled, made_with)
    out.write_text(text, encoding="utf-8")
    console.print(f"{out}", soft_wrap=True)


def _plan(
    console: Console,
    grid: Path,
    only: list[str],
    data: Path,
    seeds: int,
    steps: int,
    labeled: float,
) -> Iterator[Job]:
    settings = yaml.safe_load(grid.read_text(encoding="utf-8"))
    wanted: dict[str, Any] = {n: v for n, v in settings["trainers"].items() if n in (only or [n])}
    for trainer, values in wanted.items():
        combined = list(combinations(values))
        if len(combined) > MOST:
            raise AcqkitError(f"{trainer} has {len(combined)} settings; give at most {MOST}")
        for pool, params in itertools.product(settings["pools"], combined):
            resolve("trainer", {"name": trainer, **dict(params)})
            place = locate(PoolEntry(name=pool), data)
            if place.missing:
                console.print(f"left out: {pool}: {place.missing}")
                continue
            title = PoolEntry(name=pool).title
            for seed in range(seeds):
                yield Job(
                    trainer,
                    params,
                    title,
                    place.source,
                    json.dumps(place.options),
                    seed,
                    steps,
                    labeled,
                )


def combinations(values: dict[str, list[Any]]) -> Iterator[tuple[tuple[str, Any], ...]]:
    """All ways to take one value of each list."""
    for chosen in itertools.product(*values.values()):
        yield tuple(zip(values, chosen, strict=True))


def _prepare() -> None:
    torch.set_num_threads(1)
    register_baselines()


def run_job(job: Job) -> Done:
    """Train on the pairs that are not held out, a share of them labeled, and evaluate."""
    pool, held_out = split_train(job.source, job.options)
    shuffled = np.argsort(uniforms(pair_keys(pool.id_keys(), derive_seed(job.seed, 0, "labels"))))
    known = np.sort(shuffled[: round(job.labeled * len(pool))])
    assert pool.truth is not None and held_out.truth is not None
    empty = LabelState.empty(len(pool), len(pool.class_names))
    seen = pool.with_labels(empty.with_answers(known, pool.truth[known], 0))
    params = dict(job.params) | {"max_steps": job.steps}
    trainer = cast(Trainer, resolve("trainer", {"name": job.trainer, **params}).component)
    model = cast(ModelFactory, resolve("model", "two-tower").component).build(seen, "cpu")
    started = time.perf_counter()
    trainer.fit(model, seen, derive_seed(job.seed, 0, "train"))
    seconds = time.perf_counter() - started
    scores = evaluate(model, held_out, np.arange(len(held_out)), held_out.truth).scores
    return Done(job, scores.map, scores.map50, seconds)


@lru_cache(maxsize=1)
def split_train(source: str, options: str) -> tuple[PairPool, PairPool]:
    """The train pairs of a pool in two parts: to learn from, and held out."""
    pool = load_pool(source, **json.loads(options))
    train = pool.take(pool.train_positions)
    held_out = uniforms(pair_keys(train.id_keys(), derive_seed(0, 0, "validation"))) < VALIDATION
    return train.take(np.flatnonzero(~held_out)), train.take(np.flatnonzero(held_out))


def markdown(done: list[Done], steps: int, labeled: float, made_with: dict[str, Any]) -> str:
    """One table a trainer, best setting first."""
    pools = sorted({item.job.pool for item in done})
    seeds = len({item.job.seed for item in done})
    parts = [
        "# Parameters of the trainers",
        f"On {VALIDATION:.0%} of the train pairs, held out; {labeled:.0%} of the others labeled at "
        f"random, {steps} steps, {seeds} seeds. Mean of both directions; MAP@50 by pool with the "
        f"standard error over seeds. Best mean MAP@50 first.",
    ]
    for trainer in dict.fromkeys(item.job.trainer for item in done):
        own = [item for item in done if item.job.trainer == trainer]
        lines = [["setting", "MAP@50", "MAP", *(f"{p}: MAP@50" for p in pools), "seconds"]]
        lines.append(["---", *["---:"] * (len(lines[0]) - 1)])
        lines += [row for _, row in sorted(_rows(own, pools), reverse=True)]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        parts.append(f"## {trainer}\n\n{table}")
    facts = [f"commit {made_with['commit']}", made_with["cpu"], f"command: {made_with['command']}"]
    parts.append("## Made with\n\n" + "\n".join(f"- {fact}" for fact in facts))
    return "\n\n".join(parts) + "\n"


def _rows(own: list[Done], pools: list[str]) -> Iterator[tuple[float, list[str]]]:
    for params in dict.fromkeys(item.job.params for item in own):
        those = [item for item in own if item.job.params == params]
        by_pool = [[item for item in those if item.job.pool == pool] for pool in pools]
        map50, map_ = (
            float(np.mean([np.mean([getattr(i, key) for i in items]) for items in by_pool]))
            for key in ("map50", "map")
        )
        cells = [estimate(Estimate.of([item.map50 for item in items])) for items in by_pool]
        name = ", ".join(f"{key} {value}" for key, value in params)
        seconds = f"{np.mean([item.seconds for item in those]):.1f}"
        yield map50, [name, f"{map50:.4f}", f"{map_:.4f}", *cells, seconds]


if __name__ == "__main__":
    typer.run(main)
