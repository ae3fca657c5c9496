"""Every path in the output folder of simulated runs.

out/run.json                  what the results depend on, see `acqkit.runs.claim`
out/run.lock                  held by the process that works in the folder
out/full/TRAINER-SEED.json    figures of a training with all labels
out/report.html
out/results.json              of the strategy that a run began with, if it was one alone
out/seeds/SEED/campaign/      its state for one seed
out/seeds/SEED/predictions-ROUND.npy
out/STRATEGY/...              the same of every other strategy
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from acqkit.campaign.content import checked_settings
from acqkit.embeddings import PairEmbeddings
from acqkit.runs.records import RoundRecord, read_rounds
from acqkit.store import SqliteStore, Store
from acqkit.store import StoredBatch as StoredBatch

_TAKEN = frozenset({"full", "seeds"})
Found = TypeVar("Found")


@dataclass(frozen=True)
class SeedFolder:
    """What one strategy left of one seed."""

    path: Path

    @property
    def campaign(self) -> Path:
        """The state of the simulated campaign."""
        return self.path / "campaign"

    def predictions(self, round: int) -> Path:
        """The predictions after one round, kept for the stopping rule `stability`."""
        return self.path / f"predictions-{round}.npy"

    def records(self) -> list[RoundRecord]:
        """The rounds that are done, in order; empty where there is no state.

        Raises CampaignError where there is one that cannot be read, or is damaged, as do the
        other methods.
        """
        found = self._read(lambda store: store.records())
        return read_rounds(found or [], self.campaign)

    def batches(self) -> list[StoredBatch]:
        """The batches that were asked for, by round, with what the strategy said of them."""
        found = self._read(lambda store: store.batches())
        return [batch for batch in found or [] if not batch.given]

    def embeddings(self) -> PairEmbeddings | None:
        """The embeddings that the latest selection saw; None where they were not kept."""
        return self._read(lambda store: store.embeddings())

    def _read(self, what: Callable[[Store], Found]) -> Found | None:
        if not self.campaign.is_dir():
            return None
        with closing(SqliteStore.open(self.campaign)) as store:
            checked_settings(self.campaign, store)
            return what(store)


@dataclass(frozen=True)
class StrategyFolder:
    """What one strategy left: its results, and a folder a seed."""

    path: Path

    @property
    def results(self) -> Path:
        """`results.json`."""
        return self.path / "results.json"

    def seed(self, seed: int) -> SeedFolder:
        """The folder of one seed."""
        return SeedFolder(self.path / "seeds" / str(seed))


@dataclass(frozen=True)
class OutputFolder:
    """What `acqkit run --out` writes to."""

    path: Path

    @property
    def claim(self) -> Path:
        """`run.json`."""
        return self.path / "run.json"

    @property
    def lock(self) -> Path:
        """The file that a running process holds."""
        return self.path / "run.lock"

    def strategy(self, name: str) -> StrategyFolder:
        """The folder of a strategy by the name that `strategy_name` gave it."""
        return StrategyFolder(self.path / name)

    def full(self, trainer: str, seed: int) -> Path:
        """Figures of one training with all labels; `trainer` is its label."""
        return self.path / "full" / f"{_file_name(trainer)}-{seed}.json"

    def is_foreign(self) -> bool:
        """Whether there is something in it, but no claim."""
        if self.claim.exists() or not self.path.exists():
            return False
        # What a process leaves that was killed before its claim was whole.
        own = (self.lock.name, f".{self.claim.name}.")
        return any(not path.name.startswith(own) for path in self.path.iterdir())


def strategy_folders(out: OutputFolder) -> list[StrategyFolder]:
    """Folders with results in an output folder, or in a folder that holds some; its own first."""
    own = StrategyFolder(out.path)
    beside = [StrategyFolder(path.parent) for path in sorted(out.path.glob("*/results.json"))]
    if not own.results.exists():
        return beside
    # Beside a run of its own, only what belongs to it: a run that somebody put there has a claim.
    return [own, *(one for one in beside if not OutputFolder(one.path).claim.exists())]


def strategy_name(label: str, taken: Collection[str], alone: bool) -> str:
    """Name of the folder, in the output folder, of a strategy that is new there.

    The folder itself (`.`) for one that a run begins with `alone`; no name in `taken` twice.
    """
    if alone and not taken:
        return "."
    name = _file_name(label)
    others = _TAKEN | set(taken)
    numbered = (f"{name}-{number}" for number in range(2, len(others) + 3))
    return next(one for one in (name, *numbered) if one not in others)


def _file_name(label: str) -> str:
    return re.sub(r"[^\w.+=,()-]", "_", label)
