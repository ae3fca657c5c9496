"""What the logs of a campaign make of it at the moment; others may let it grow at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from acqkit.campaign.asking import Asking
from acqkit.campaign.classes import ClassTable
from acqkit.campaign.sources import Pools
from acqkit.campaign.training import ModelOfLabels
from acqkit.campaign.view import TrainView
from acqkit.components.resolve import Resolved
from acqkit.engine import Engine
from acqkit.labels import LabelState
from acqkit.store import Store


class Grown(NamedTuple):
    """A campaign after some changes: its pairs and classes, and its rounds."""

    changes: int
    view: TrainView
    asking: Asking


class Current:
    """Makes a campaign's pool and rounds anew when its log of changes has grown."""

    def __init__(self, store: Store, pools: Pools, make: Callable[[TrainView], Asking]) -> None:
        self._store = store
        self.pools = pools
        self._make = make
        self._grown: Grown | None = None

    def __call__(self) -> Grown:
        """The campaign after the changes that there are now."""
        changes = self._store.changes()
        if self._grown is None or self._grown.changes != len(changes):
            whole, classes = self.pools.whole(changes)
            view = TrainView(whole, classes, len(changes))
            self._grown = Grown(len(changes), view, self._make(view))
        return self._grown

    @property
    def classes(self) -> ClassTable:
        """All classes that there ever were."""
        return self().view.classes

    def labels(self) -> LabelState:
        """What is known so far, over the whole pool."""
        while True:
            state, grown = self._store.state(), self()
            if grown.changes == state.last_change:
                return grown.view.labels(state)


def asking_of(
    store: Store, parts: Mapping[str, Resolved], seed: int, device: str, engine: Engine
) -> Callable[[TrainView], Asking]:
    """How the rounds of a campaign are made from what is in view."""
    kinds = ("trainer", "model")

    def make(view: TrainView) -> Asking:
        models = ModelOfLabels(
            {kind: parts[kind].component for kind in kinds},
            {kind: parts[kind].record for kind in kinds},
            seed=seed,
            device=device,
            store=store,
            view=view,
            engine=engine,
        )
        return Asking(store, view, models, seed=seed, device=device, engine=engine)

    return make
