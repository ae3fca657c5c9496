"""Asking: from what is known of the labels to a batch that is stored."""

from __future__ import annotations

from collections.abc import Callable

from acqkit.campaign.batch import Batch, batch_of
from acqkit.campaign.embed import no_embeddings
from acqkit.campaign.plain import check_json
from acqkit.campaign.telling import stored_batch
from acqkit.campaign.training import ModelOfLabels, Trained
from acqkit.campaign.view import TrainView, label_state
from acqkit.components.resolve import Resolved
from acqkit.engine import Engine
from acqkit.interfaces import RoundContext
from acqkit.pool import PairPool
from acqkit.selection import check_budget, needs_embeddings, select
from acqkit.store import NewBatch, Store, StoredState
from acqkit.timing import PhaseClock

Prepare = Callable[[Batch], object]
"""Called with a batch before it is stored; what it raises leaves nothing stored."""


class Asking:
    """The rounds of one campaign that is open."""

    def __init__(
        self, store: Store, view: TrainView, models: ModelOfLabels, seed: int, engine: Engine
    ) -> None:
        self._store = store
        self._view = view
        self._models = models
        self._seed = seed
        self._engine = engine

    def ask(self, part: Resolved, n: int, clock: PhaseClock, prepare: Prepare | None) -> Batch:
        """See `Campaign.ask`; `part` is the strategy."""
        while True:
            state = self._store.state()
            check_budget(n, len(self._view.free(state.taken)))
            new = self._pick(part, n, state, clock)
            if prepare is not None:
                prepare(batch_of(new.stored(), self._view.whole))
            # None: another process has used the round meanwhile, so it begins again.
            if self._store.add_batch(new) is not None:
                return batch_of(stored_batch(self._store, new.batch_id), self._view.whole)

    def trained(self, state: StoredState, clock: PhaseClock) -> Trained:
        """The model of the labels known in `state`."""
        return self._models.get(self._pool(state), clock)

    def _pick(self, part: Resolved, n: int, state: StoredState, clock: PhaseClock) -> NewBatch:
        trained = self.trained(state, clock) if needs_embeddings(part.component) else None
        selection = select(part.component, self._context(state, trained, clock), n)
        check_json("the strategy's record", selection.record)
        return NewBatch(
            state.next_round,
            part.title,
            self._view.to_whole(selection.positions),
            selection.scores,
            selection.terms,
            selection.record,
            None if trained is None else trained.kept_as,
        )

    def _context(
        self, state: StoredState, trained: Trained | None, clock: PhaseClock
    ) -> RoundContext:
        pool = self._pool(state) if trained is None else trained.pool
        return RoundContext(
            round=state.next_round,
            seed=self._seed,
            pool=pool,
            embeddings=no_embeddings(pool) if trained is None else trained.embeddings,
            candidates=self._view.free(state.taken),
            model=None if trained is None else trained.model,
            clock=clock,
            engine=self._engine,
        )

    def _pool(self, state: StoredState) -> PairPool:
        """The train part with the labels known in `state`."""
        return self._view.pool(label_state(self._view.whole, state))
