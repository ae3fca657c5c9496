"""Asking: from what is known of the labels to a batch that is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from acqkit.campaign.batch import Batch, batch_of
from acqkit.campaign.embed import no_embeddings
from acqkit.campaign.plain import check_json
from acqkit.campaign.telling import stored_batch
from acqkit.campaign.training import ModelOfLabels, Trained
from acqkit.campaign.view import TrainView, not_asked
from acqkit.components.resolve import Resolved
from acqkit.engine import Engine
from acqkit.interfaces import RoundContext
from acqkit.pool import PairPool
from acqkit.randomness import derive_seed, pair_keys
from acqkit.selection import check_budget, needs_embeddings, select
from acqkit.store import NewBatch, Store, StoredState
from acqkit.timing import PhaseClock

Prepare = Callable[[Batch], object]
"""Called with a batch before it is stored; what it raises leaves nothing stored."""


class Asking:
    """The rounds of one campaign that is open."""

    def __init__(
        self,
        store: Store,
        view: TrainView,
        models: ModelOfLabels,
        *,
        seed: int,
        device: str,
        engine: Engine,
    ) -> None:
        self._store = store
        self._view = view
        self._models = models
        self._seed = seed
        self._device = device
        self._engine = engine

    def ask(
        self, part: Resolved, n: int, clock: PhaseClock, prepare: Prepare | None
    ) -> Batch | None:
        """See `Campaign.ask`; `part` is the strategy.

        None where the campaign has grown beyond what is in view.
        """

        def pick(state: StoredState) -> NewBatch:
            check_budget(n, len(self._view.free(state.taken)))
            return self._pick(part, n, state, clock)

        return self._add(pick, prepare)

    def ask_again(self, index: int, n: int, prepare: Prepare | None) -> Batch | None:
        """See `Campaign.ask_again`; `index` is the class. None as for `ask`."""

        def pick(state: StoredState) -> NewBatch:
            asked = [batch for batch in self._store.batches() if batch.about is not None]
            waiting = not_asked(self._view, state, asked, index)
            check_budget(n, len(waiting))
            seed = derive_seed(self._seed, state.next_round, "ask again")
            order = pair_keys(self._view.whole.id_keys()[waiting], seed)
            chosen = waiting[np.argsort(order, kind="stable")[:n]]
            return NewBatch(state.next_round, "again", chosen, about=index)

        return self._add(pick, prepare)

    def _add(
        self, pick: Callable[[StoredState], NewBatch], prepare: Prepare | None
    ) -> Batch | None:
        while True:
            state = self._store.state()
            if state.last_change != self._view.change:
                return None
            picked = pick(state)
            new = replace(picked, answers=state.last_answer, changes=state.last_change)
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
            waiting=self._view.waiting(state.taken, pool.labels),
            model=None if trained is None else trained.model,
            clock=clock,
            engine=self._engine,
            device=self._device,
        )

    def _pool(self, state: StoredState) -> PairPool:
        """The train part with the labels known in `state`."""
        return self._view.pool(self._view.labels(state))
