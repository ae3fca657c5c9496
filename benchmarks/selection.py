"""Which strategy should choose the labels? Every strategy of a suite on every pool, paired.

    python benchmarks/selection.py benchmarks/suites/selection.yaml --out selection --jobs 2

A cell is one pool, strategy and seed; same seed, same split and same first labels. Finished
cells are kept in `--out` and not repeated, so that a stopped suite goes on where it stood.
Prints the table of what is there (`--table` runs nothing) and writes it to OUT/table.md.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Literal

import typer
import yaml
from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn, TimeRemainingColumn
from selection_table import table

import acqkit
from acqkit.config import ComponentSpec
from acqkit.runner import Results

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


class Budget(BaseModel):
    """Labels a round, and rounds, of one pool."""

    model_config = ConfigDict(extra="forbid")

    per_round: int = Field(ge=1)
    rounds: int = Field(ge=1)


class Entry(BaseModel):
    """A strategy, and whether it can choose the first labels."""

    model_config = ConfigDict(extra="forbid")

    strategy: str
    starts: Literal["cold", "random"] = "cold"


class Suite(BaseModel):
    """Pools times strategies times seeds."""

    model_config = ConfigDict(extra="forbid")

    trainer: ComponentSpec
    seeds: int = Field(ge=1)
    reference: str
    pools: dict[str, Budget]
    strategies: list[Entry]


class Cell(BaseModel):
    """One run: a pool, a strategy, a seed."""

    pool: str
    budget: Budget
    entry: Entry
    seed: int
    full: bool

    def folder(self, out: Path) -> Path:
        """Where its results are kept."""
        return out / self.pool / self.entry.strategy / str(self.seed)


def run_cell(cell: Cell, trainer: ComponentSpec, pool: str, out: Path) -> None:
    """Run one cell; goes on where it stood when it was stopped."""
    cold = cell.entry.starts == "cold"
    acqkit.run(
        pool,
        strategy=cell.entry.strategy,
        trainer=trainer.model_dump(),
        initial=0 if cold else cell.budget.per_round,
        per_round=cell.budget.per_round,
        rounds=cell.budget.rounds - (0 if cold else 1),
        seeds=1,
        first_seed=cell.seed,
        full=cell.full,
        out=cell.folder(out),
    )


def cells_of(suite: Suite) -> list[Cell]:
    """All cells, the first strategies on every pool before the next ones."""
    return [
        Cell(
            pool=pool,
            budget=budget,
            entry=entry,
            seed=seed,
            full=entry.strategy == suite.reference,
        )
        for entry in suite.strategies
        for pool, budget in suite.pools.items()
        for seed in range(suite.seeds)
    ]


def main(
    suite: Annotated[Path, typer.Argument(help="A YAML file, as in benchmarks/suites.")],
    out: Annotated[Path, typer.Option(help="Where cells and the table are kept.")] = Path(
        "selection"
    ),
    jobs: Annotated[int, typer.Option(min=1, help="Cells at once, one thread each.")] = 2,
    data: Annotated[Path, typer.Option(help="Folder with NAME/pool.npz for each pool.")] = DATA,
    only_table: Annotated[bool, typer.Option("--table", help="Run nothing.")] = False,
) -> None:
    """Run what is missing of a suite and print its table."""
    wanted = Suite.model_validate(yaml.safe_load(suite.read_text()))
    cells = cells_of(wanted)
    paths = {
        name: "glyphs" if name == "glyphs" else str(data / name / "pool.npz")
        for name in wanted.pools
    }
    missing = [name for name, path in paths.items() if path != name and not Path(path).exists()]
    for name in missing:
        typer.echo(f"{name} is not in {data}: left out")
    cells = [cell for cell in cells if cell.pool not in missing]
    if not only_table:
        _run(
            [c for c in cells if not (c.folder(out) / "results.json").exists()],
            wanted,
            paths,
            out,
            jobs,
        )
    done = {
        (cell.pool, cell.entry.strategy, cell.seed): Results.read(path)
        for cell in cells
        if (path := cell.folder(out) / "results.json").exists()
    }
    text = table(done, wanted.reference)
    out.mkdir(parents=True, exist_ok=True)
    (out / "table.md").write_text(text)
    typer.echo(text)


def _run(cells: list[Cell], suite: Suite, paths: dict[str, str], out: Path, jobs: int) -> None:
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    columns = (*Progress.get_default_columns()[:-1], TimeElapsedColumn(), TimeRemainingColumn())
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as workers:
        started = {
            workers.submit(run_cell, cell, suite.trainer, paths[cell.pool], out): cell
            for cell in cells
        }
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task("cells", total=len(cells))
            for future in as_completed(started):
                cell = started[future]
                if error := future.exception():
                    progress.console.print(f"{cell.folder(out)} failed: {error}")
                progress.advance(task)


if __name__ == "__main__":
    typer.run(main)
