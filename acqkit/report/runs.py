"""Run folders: where they are, what they are called, what was picked in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acqkit.components.spec import ComponentSpec
from acqkit.embeddings import PairEmbeddings
from acqkit.errors import ReportError
from acqkit.runs import Results, RoundRecord
from acqkit.runs.folder import OutputFolder, StoredBatch, StrategyFolder, strategy_folders


@dataclass(frozen=True)
class RunFolder:
    """One strategy's folder with its results, under the name it has on the page."""

    name: str
    folder: StrategyFolder
    results: Results

    @property
    def seeds(self) -> list[int]:
        """The seeds with at least one round, ascending."""
        return sorted({record.seed for record in self.results.rounds})

    def rounds(self, seed: int) -> list[RoundRecord]:
        """The rounds of one seed in order."""
        own = [record for record in self.results.rounds if record.seed == seed]
        return sorted(own, key=lambda record: record.round)

    def embeddings(self, seed: int) -> PairEmbeddings | None:
        """What the last selection of one seed saw, None where it was not kept.

        Raises CampaignError where the state of that seed cannot be read, as does `batches`.
        """
        return self.folder.seed(seed).embeddings()

    def batches(self, seed: int) -> dict[int, StoredBatch]:
        """What the strategy said of its picks, by round; empty where it was not kept."""
        asked = self.folder.seed(seed).batches()
        picked = [record for record in self.rounds(seed) if record.picked]
        pairs = zip(picked, asked, strict=False)
        return {r.round: batch for r, batch in pairs if len(batch.positions) == len(r.picked)}


def find_runs(folders: Sequence[Path]) -> list[RunFolder]:
    """The runs in `folders`, each of which is a run or holds runs, without repetition.

    Raises ReportError when a folder holds none, or when the runs are on different pools.
    """
    found: list[StrategyFolder] = []
    for path in map(Path, folders):
        here = strategy_folders(OutputFolder(path))
        if not here:
            raise ReportError(
                f"there is no results.json in {path}; give a folder that `acqkit run --out` wrote"
            )
        found += [folder for folder in here if folder not in found]
    if not found:
        raise ReportError("no run was given; name at least one folder that `acqkit run` wrote")
    results = [Results.read(folder.results) for folder in found]
    _check_one_pool(found, results)
    names = _names([folder.path for folder in found], results)
    return [RunFolder(*parts) for parts in zip(names, found, results, strict=True)]


def _check_one_pool(folders: Sequence[StrategyFolder], results: Sequence[Results]) -> None:
    first = results[0].pool
    for folder, result in zip(folders, results, strict=True):
        if not result.rounds:
            raise ReportError(f"{folder.results} has no round yet; let the run finish one")
        if result.pool != first:
            raise ReportError(
                f"{folders[0].path} is on pool {first.name!r} with {first.n} pairs but "
                f"{folder.path} on {result.pool.name!r} with {result.pool.n}; make one report per "
                "pool"
            )


def component_label(value: Any) -> str:
    """A component of a configuration as people call it."""
    return ComponentSpec.model_validate(value).label


def _names(paths: Sequence[Path], results: Sequence[Results]) -> list[str]:
    """Strategies by name, with their trainers if these differ, and what else tells two apart."""
    names = [component_label(result.config["strategy"]) for result in results]
    trainers = [ComponentSpec.model_validate(result.config["trainer"]) for result in results]
    if len({trainer.name for trainer in trainers}) > 1:
        names = [f"{name} · {trainer.name}" for name, trainer in zip(names, trainers, strict=True)]
    settings = [
        trainer.label.removeprefix(trainer.name)[1:-1] or "defaults" for trainer in trainers
    ]
    for more in (settings, [path.name for path in paths], [str(path) for path in paths]):
        names = _told_apart(names, more)
    return names


def _told_apart(names: list[str], more: list[str]) -> list[str]:
    """The names, with `more` where some have one name and `more` differs among these."""
    variants = {name: {m for n, m in zip(names, more, strict=True) if n == name} for name in names}
    return [
        f"{name} · {extra}" if len(variants[name]) > 1 else name
        for name, extra in zip(names, more, strict=True)
    ]
