"""The steps by which a campaign grows, as methods of `Campaign`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from acqkit.campaign.asking import Prepare
from acqkit.campaign.batch import Batch
from acqkit.campaign.current import Current
from acqkit.campaign.growth import Growth, live_class
from acqkit.errors import CampaignError
from acqkit.pool import PairPool
from acqkit.store import Store


class GrowingCampaign:
    """New pairs and classes of a campaign that is under way.

    Positions and class indices only ever get appended; each step is a line in a log, and answers
    stay as they were given. Processes that have the campaign open take notice by themselves.
    """

    folder: Path
    _store: Store
    _current: Current

    def add_pairs(
        self, pool: PairPool, *, test_share: float = 0.0, pool_reference: str | None = None
    ) -> tuple[Any, ...]:
        """Take in the pairs of a pool that the campaign does not have yet; their ids.

        They come after all others, in the pool's order. Which are test pairs says the pool; if it
        does not, a share of them is, chosen by their ids. Labels that new train pairs come with
        are recorded as those of `add_labels` are. `pool_reference` is where `Campaign.open` finds
        the pool. Doing it again changes nothing.

        Pairs that the campaign has are known by id and must have the same features; without ids,
        row i of the pool is pair i. Raises CampaignError where they have not, where modalities or
        widths differ, or where the pool has a class that the campaign has not.
        """
        before = self._current().view.whole
        new = Growth(self.folder, self._store).add_pairs(before, pool, test_share, pool_reference)
        if not new:
            return ()
        self._current.pools.add(pool)
        return tuple(self._current().view.whole.ids[-new:].tolist())

    def add_class(self, name: str) -> None:
        """Add a class, after all others.

        Pairs that were answered before are not of it, until `ask_again` has them asked. Raises
        CampaignError where people would take the name for one that there is, or was.
        """
        Growth(self.folder, self._store).add_class(name)

    def rename_class(self, old: str, new: str) -> None:
        """Call a class otherwise; it is still understood by its former names.

        Raises CampaignError on an unknown class, and on a new name as `add_class` does.
        """
        Growth(self.folder, self._store).rename_class(old, new)

    def merge_classes(self, names: Sequence[str], into: str) -> None:
        """Make several classes one: `into` is one that there is, or the name of a new one.

        What was said of each of them is said of that one, and who still answers by their names
        is understood. Models see the classes that are left. Raises CampaignError on an unknown
        class, one that was merged before, and where fewer than two would be left.
        """
        Growth(self.folder, self._store).merge_classes(names, into)

    @property
    def former_names(self) -> Mapping[str, str]:
        """Names that classes had, with those that they have now."""
        classes = self._current.classes
        return {name: classes.names[index] for name, index in classes.former.items()}

    @property
    def live_classes(self) -> tuple[str, ...]:
        """Names of the classes that are not merged into another one."""
        classes = self._current.classes
        return tuple(classes.names[index] for index in classes.live)

    def ask_again(self, name: str, n: int, *, prepare: Prepare | None = None) -> Batch:
        """A batch of `n` pairs that were answered when there was no class called `name` yet.

        It asks whether that class applies, and nothing else: answers are the class, no class (an
        empty collection), or `SKIP`. In a pool with one class a pair, the class takes the place of
        the one before. Pairs are drawn at random by their ids; those that were asked, or have the
        class, are left out. Raises BudgetError when there are fewer than `n`, CampaignError on an
        unknown class; `prepare` as in `ask`.
        """
        if isinstance(n, bool) or not isinstance(n, int | np.integer):
            raise CampaignError(f"asked for {n!r} pairs; ask for a whole number of at least 1")
        while True:
            now = self._current()
            index = live_class(name, now.view.classes)
            # None: the campaign has grown meanwhile.
            batch = now.asking.ask_again(index, int(n), prepare)
            if batch is not None:
                return batch
