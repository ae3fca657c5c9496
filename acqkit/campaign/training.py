"""The model of the labels known so far, trained once per state of the labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from acqkit.campaign.embed import embed_blocks
from acqkit.campaign.identity import TrainingIdentity, label_digest
from acqkit.campaign.plain import check_json
from acqkit.campaign.trainers import fit_on, or_own_fit
from acqkit.campaign.view import TrainView
from acqkit.devices import check_device
from acqkit.embeddings import PairEmbeddings
from acqkit.engine import LOCAL, Engine
from acqkit.interfaces import Model, ModelFactory, StatefulModel, Trainer
from acqkit.pool import PairPool
from acqkit.randomness import derive_seed
from acqkit.store import NewTraining, Store, StoredTraining
from acqkit.timing import PhaseClock


@dataclass(frozen=True, eq=False, slots=True)
class Trained:
    """A model of the labels known so far, with what was made with it.

    `pool` is the train part with those labels, without truth; `embeddings` are of its pairs,
    row = position in it, memory-mapped, and kept with the campaign under the name `kept_as`;
    `record` is what the trainer returned, empty for nothing.
    """

    pool: PairPool
    model: Model
    embeddings: PairEmbeddings
    record: Mapping[str, Any]
    kept_as: str


class ModelOfLabels:
    """Trains from scratch when labels changed, else gives what is there.

    The model is a function of the labels, the seed and what else `TrainingIdentity` names, so
    it does not matter to any pick whether it was trained in this process, loaded from the
    store, or trained twice.
    """

    def __init__(
        self,
        parts: Mapping[str, Any],
        records: Mapping[str, Mapping[str, Any]],
        *,
        seed: int,
        device: str,
        store: Store,
        view: TrainView,
        engine: Engine = LOCAL,
    ) -> None:
        self._factory: ModelFactory = parts["model"]
        self._trainer: Trainer = parts["trainer"]
        self._seed = seed
        self._device = device
        self._store = store
        self._view = view
        self._engine = engine
        self._identity = TrainingIdentity(records, seed, device, view.whole)
        self._labels = b""
        self._trained: Trained | None = None

    def get(self, pool: PairPool, clock: PhaseClock) -> Trained:
        """The model and embeddings for `pool.labels`; `pool` is the train part."""
        # A trainer that does not learn makes the same of all labels.
        learns = getattr(self._trainer, "learns", True)
        labels = label_digest(pool.labels) if learns else b""
        if self._trained is None or labels != self._labels:
            self._trained = self._find_or_train(pool, labels, clock)
            self._labels = labels
        elif not learns:
            self._trained = replace(self._trained, pool=pool)
        return self._trained

    def _find_or_train(self, pool: PairPool, labels: bytes, clock: PhaseClock) -> Trained:
        check_device(self._device)
        with clock.phase("train"):
            model = self._factory.build(pool, self._device)
            key = self._identity.key(pool, model, labels)
            kept = None if key is None else self._store.training(key)
            if kept is not None and kept.model is not None and isinstance(model, StatefulModel):
                model.load_state(kept.model)
                return _trained(pool, model, kept)
            latest_round = max(0, int(pool.labels.round.max()))
            seed = derive_seed(self._seed, latest_round, "train")
            trainer = or_own_fit(self._trainer, model)
            record = dict(fit_on(self._engine, trainer, model, pool, seed) or {})
        check_json("the trainer's record", record)
        with clock.phase("embed"):
            return _trained(pool, model, self._keep(key, pool, model, record))

    def _keep(
        self, key: str | None, pool: PairPool, model: Model, record: Mapping[str, Any]
    ) -> StoredTraining:
        """Embed into what is kept, where positions are those of the whole pool, for people."""
        state = model.state() if key is not None and isinstance(model, StatefulModel) else None
        with self._store.new_embeddings(self._view.positions) as writer:
            for block in embed_blocks(model, pool, engine=self._engine):
                writer.write(block)
            return self._store.keep_training(NewTraining(key or "", record, state), writer)


def _trained(pool: PairPool, model: Model, kept: StoredTraining) -> Trained:
    embeddings = replace(kept.embeddings, positions=np.arange(len(pool)))
    return Trained(pool, model, embeddings, kept.record, kept.name)
