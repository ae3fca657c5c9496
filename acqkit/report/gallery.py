"""What was picked, as people see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from acqkit.embeddings import IntArray
from acqkit.report.data import Pick
from acqkit.report.runs import RunFolder
from acqkit.report.showcase import Showcase
from acqkit.runs.folder import StoredBatch

MOST_CARDS = 300
_FEWEST_A_ROUND = 3


@dataclass(frozen=True)
class Gallery:
    """Picks by run."""

    picks: dict[str, list[Pick]]

    @classmethod
    def make(
        cls,
        runs: Sequence[RunFolder],
        batches: Sequence[dict[int, StoredBatch]],
        picked: Sequence[dict[int, IntArray]],
        showcase: Showcase,
    ) -> Gallery:
        """The first picks of each round of each run's first seed.

        At most `MOST_CARDS` or so, and no more than there is room for their media.
        """
        rounds = [
            (run, said, record, where.get(record.round))
            for run, said, where in zip(runs, batches, picked, strict=True)
            for record in run.rounds(run.seeds[0])
            if record.picked
        ]
        each = max(_FEWEST_A_ROUND, MOST_CARDS // max(len(rounds), 1))
        picks: dict[str, list[Pick]] = {run.name: [] for run in runs}
        # Rank by rank, so that every round has its first picks when the page is full.
        for rank in range(each):
            for run, said, record, positions in rounds:
                if rank < len(record.picked) and not showcase.shelf.full:
                    position = None if positions is None else int(positions[rank])
                    pick = showcase.pick(record, rank, said.get(record.round), position)
                    picks[run.name].append(pick)
        for own in picks.values():
            own.sort(key=lambda pick: (pick.round, pick.rank))
        return cls(picks)
