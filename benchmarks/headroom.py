"""How far selection could go: what share of the way from random to the best batches is reached.

    python benchmarks/headroom.py --data ../shared/data
    python benchmarks/headroom.py --quick

The train pairs of a pool (a random part where there are many) are split into pairs to label, pairs
to choose by and pairs to report on; test pairs are not looked at. In every round many batches are
tried, each by a training with its true labels, and the best by MAP on the pairs to choose by is
taken, greedily over rounds: the ceiling. Strategies pick for themselves from the same start. All
MAP in the tables is measured on the pairs to report on, by trainings that nothing was chosen by.
Every series of rounds is kept in a file as it goes, so that a run that was interrupted goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shlex
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from pydantic import BaseModel

from acqkit.files import write_text
from suite.environment import environment
from suite.headroom.candidates import PLAIN
from suite.headroom.curves import (
    ALL_LABELS,
    CEILING,
    RANDOM,
    Effort,
    Round,
    all_labels,
    chooser,
    continue_curve,
)
from suite.headroom.scene import HELD_OUT, Scene
from suite.headroom.tables import (
    Block,
    Findings,
    bias,
    maps,
    shares_by_budget,
    shares_by_pool,
    winners,
)
from suite.tables import NOTHING

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data"
STRATEGIES = "coverage,ascmr+density,entropy+density,kmeans,typiclust,probcover,badge,margin+top"
REPEATS = 3
"""Random curves a draw, whose mean is what the others are compared with."""
QUICK = Effort((0.05, 0.2), most=200, steps=5, perturbed=1, swaps=1, finalists=1)


class Piece(BaseModel):
    """One series of one draw of a pool, as it is kept: finished once `seconds` is given."""

    commit: str
    pool: str
    draw: int
    series: str
    rounds: list[Round]
    seconds: float | None = None


@dataclass(frozen=True)
class Study:
    """What is to be done, and the folder where the pieces of what is done lie."""

    pools: dict[str, str]
    draws: int
    series: tuple[str, ...]
    effort: Effort
    folder: Path
    commit: str
    command: str

    def file(self, pool: str, draw: int, series: str) -> Path:
        """Where a piece lies; its name has all that its figures depend on but the code."""
        settings = json.dumps([asdict(self.effort), self.pools[pool], draw, series])
        digest = hashlib.blake2b(settings.encode(), digest_size=6).hexdigest()
        return self.folder / f"{pool}-{draw}-{series.replace(' ', '-')}-{digest}.json"

    def run(self) -> None:
        """Make every piece that is not finished; the draws of all pools one after another."""
        for draw in range(self.draws):
            for pool, source in self.pools.items():
                missing = [one for one in self.series if self.finished(pool, draw, one) is None]
                if not missing:
                    continue
                scene = Scene.of(source, draw, self.effort.most, self.effort.steps)
                for series in missing:
                    seconds = self._make(scene, pool, series)
                    print(f"draw {draw}, {pool}, {series}: {seconds:.0f} s", flush=True)

    def finished(self, pool: str, draw: int, series: str) -> Piece | None:
        """A piece that is done; None where it is not."""
        piece = self._read(pool, draw, series)
        return piece if piece is not None and piece.seconds is not None else None

    def done(self) -> dict[Block, dict[str, list[Round]]]:
        """All that is finished, by pool and draw."""
        found: dict[Block, dict[str, list[Round]]] = {}
        for pool in self.pools:
            for draw in range(self.draws):
                own = {one: self.finished(pool, draw, one) for one in self.series}
                found[pool, draw] = {one: p.rounds for one, p in own.items() if p is not None}
        return found

    def commits(self) -> list[str]:
        """Commits whose code made the pieces."""
        every = (
            self.finished(pool, draw, one)
            for pool in self.pools
            for draw in range(self.draws)
            for one in self.series
        )
        return sorted({piece.commit for piece in every if piece is not None})

    def _read(self, pool: str, draw: int, series: str) -> Piece | None:
        file = self.file(pool, draw, series)
        return Piece.model_validate_json(file.read_text("utf-8")) if file.exists() else None

    def _make(self, scene: Scene, pool: str, series: str) -> float:
        started, file = time.perf_counter(), self.file(pool, scene.seed, series)
        begun = self._read(pool, scene.seed, series)
        rounds = begun.rounds if begun is not None else []

        def save(rounds: list[Round], seconds: float | None = None) -> None:
            piece = Piece(
                commit=self.commit,
                pool=pool,
                draw=scene.seed,
                series=series,
                rounds=rounds,
                seconds=seconds,
            )
            write_text(file, piece.model_dump_json())

        if series == ALL_LABELS:
            rounds = [all_labels(scene)]
        else:
            budgets = self.effort.budgets(len(scene.pool))
            continue_curve(scene, budgets, chooser(scene, series, self.effort), rounds, save)
        seconds = time.perf_counter() - started
        save(rounds, seconds)
        return seconds


def main() -> None:
    """Run what is not done yet, write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with pools in folders")
    parser.add_argument("--pools", default="", help="names or paths, with commas [all]")
    parser.add_argument("--strategies", default=STRATEGIES, help="names, with commas")
    parser.add_argument("--draws", type=int, default=3, help="splits of the train pairs")
    parser.add_argument("--steps", type=int, default=Effort().steps, help="steps of a training")
    parser.add_argument("--pieces", type=Path, default=Path("runs/headroom"))
    parser.add_argument("--out", type=Path, default=HERE / "results" / "headroom.md")
    parser.add_argument("--quick", action="store_true", help="seconds, and no figure worth having")
    given = parser.parse_args()
    torch.set_num_threads(1)
    effort = QUICK if given.quick else Effort(steps=given.steps)
    repeats = [RANDOM, *(f"{RANDOM} {number}" for number in range(2, REPEATS + 1))]
    strategies = [name for name in given.strategies.split(",") if name]
    facts = environment(1)
    study = Study(
        sources(given.data, given.pools),
        1 if given.quick else given.draws,
        (*repeats, ALL_LABELS, CEILING, *strategies),
        effort,
        given.pieces,
        facts["commit"],
        shlex.join(["python", "benchmarks/headroom.py", *sys.argv[1:]]),
    )
    study.folder.mkdir(parents=True, exist_ok=True)
    study.run()
    text = markdown(study, facts)
    given.out.write_text(text, encoding="utf-8")
    print(text)


def sources(data: Path, wanted: str) -> dict[str, str]:
    """Pools by title, as `load_pool` takes them."""
    folders = sorted(path.parent for path in data.glob("*/pool.npz"))
    known = {"glyphs": "glyphs"} | {folder.name: str(folder) for folder in folders}
    if not wanted:
        return known
    return {Path(name).stem: known.get(name, name) for name in wanted.split(",")}


def markdown(study: Study, facts: dict[str, object]) -> str:
    """All tables, of the blocks in which every series is finished."""
    found, effort = Findings.of(study.done(), study.series, study.effort.shares), study.effort
    draws = {pool: len(found.rows(pool)) for pool in found.pools}
    covered = PLAIN if PLAIN in found.maps else found.strategies[0]
    parts = [
        "# Headroom of selection",
        f"What share of the distance from random selection to the ceiling each strategy reaches. "
        f"The ceiling is greedy over rounds: in each, about {found.tried:.0f} batches (plain and "
        f"perturbed coverage, random ones, coverage weighted by the rarity of the true classes, "
        f"what strategies pick, exchanges between the best) are each trained with their true "
        f"labels, and the best by MAP on held-out pairs is taken; it is what this search finds, a "
        f"lower bound of what is possible. Trainer `supervised`, {effort.steps} steps; of at most "
        f"{effort.most:,} train pairs a pool, {1 - 2 * HELD_OUT:.0%} to label, {HELD_OUT:.0%} to "
        f"choose by, {HELD_OUT:.0%} to report on; budgets are shares of the first. All MAP is "
        f"measured on the pairs to report on, in trainings that nothing was chosen by; test pairs "
        f"are not looked at. Draws (split, first model and trainings): "
        f"{', '.join(f'{pool} {count}' for pool, count in draws.items())}; {REPEATS} random curves "
        f"a draw. A share is Σ (strategy − random) / Σ (ceiling − random) over pools and draws, ± "
        f"the jackknife's standard error; where random reaches the ceiling, it says nothing.",
        "## Share of the distance from random to the ceiling, by budget",
        shares_by_budget(found),
        "## The same by pool, over all budgets",
        shares_by_pool(found),
        "## MAP",
        f"Mean over draws; differences with their standard error over draws. Share of the label "
        f"gain: (ceiling − no label) / (all labels − no label), {NOTHING} where such short "
        f"trainings do worse with all labels than with none.",
        maps(found, covered),
        "## What won",
        "How often each kind of batch was taken for the ceiling.",
        winners(found),
        "## What choosing by MAP flatters",
        "MAP of the batch that won over that of plain coverage with the same labels before it, "
        "mean over rounds: on the pairs that it was chosen by, and on the others.",
        bias(found),
        f"Made with `{study.command}`, commits {', '.join(study.commits())}, {facts['cpu']}.",
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
