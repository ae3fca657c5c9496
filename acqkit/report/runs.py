"""Run folders: where they are, what they are called, what was picked in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acqkit.components.spec import ComponentSpec
from acqkit.errors import CampaignError, ReportError
from acqkit.runner import Results, RoundRecord
from acqkit.store import SqliteStore, Store, StoredBatch

_RESULTS = "results.json"


@dataclass(frozen=True)
class RunFolder:
    """One strategy's folder with its results, under the name it has on the page."""

    name: str
    path: Path
    results: Results

    @property
    def seeds(self) -> list[int]:
        """The seeds with at least one round, ascending."""
        return sorted({record.seed for record in self.results.rounds})

    def rounds(self, seed: int) -> list[RoundRecord]:
        """The rounds of one seed in order."""
        own = [record for record in self.results.rounds if record.seed == seed]
        return sorted(own, key=lambda record: record.round)

    def store(self, seed: int) -> Store | None:
        """The state of one seed's campaign, None where it was not kept."""
        folder = self.path / "seeds" / str(seed) / "campaign"
        try:
            return SqliteStore.open(folder) if folder.is_dir() else None
        except CampaignError:
            return None

    def batches(self, seed: int) -> dict[int, StoredBatch]:
        """What the strategy said of its picks, by round; empty where it was not kept."""
        store = self.store(seed)
        if store is None:
            return {}
        try:
            asked = [batch for batch in store.batches() if not batch.given]
        finally:
            store.close()
        picked = [record for record in self.rounds(seed) if record.picked]
        pairs = zip(picked, asked, strict=False)
        return {r.round: batch for r, batch in pairs if len(batch.positions) == len(r.picked)}


def find_runs(folders: Sequence[Path]) -> list[RunFolder]:
    """The runs in `folders`, each of which is a run or holds runs, without repetition.

    Raises ReportError when a folder holds none, or when the runs are on different pools.
    """
    paths: list[Path] = []
    for folder in map(Path, folders):
        found = [folder] if (folder / _RESULTS).exists() else []
        found = found or sorted(path.parent for path in folder.glob(f"*/{_RESULTS}"))
        if not found:
            raise ReportError(
                f"there is no {_RESULTS} in {folder}; give a folder that `acqkit run --out` wrote"
            )
        paths += [path for path in found if path not in paths]
    if not paths:
        raise ReportError("no run was given; name at least one folder that `acqkit run` wrote")
    results = [Results.read(path / _RESULTS) for path in paths]
    _check_one_pool(paths, results)
    names = _names(paths, results)
    return [RunFolder(*parts) for parts in zip(names, paths, results, strict=True)]


def _check_one_pool(paths: Sequence[Path], results: Sequence[Results]) -> None:
    first = results[0].pool
    for path, result in zip(paths, results, strict=True):
        if not result.rounds:
            raise ReportError(f"{path / _RESULTS} has no round yet; let the run finish one")
        if result.pool != first:
            raise ReportError(
                f"{paths[0]} is on pool {first.name!r} with {first.n} pairs but {path} on "
                f"{result.pool.name!r} with {result.pool.n}; make one report per pool"
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
