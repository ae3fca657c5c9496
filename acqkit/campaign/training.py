"""The model of the labels known so far, trained once per state of the labels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from acqkit.campaign.embed import embed_pool
from acqkit.campaign.plain import check_json
from acqkit.embeddings import PairEmbeddings
from acqkit.interfaces import Model, ModelFactory, Trainer
from acqkit.labels import LabelState
from acqkit.pool import PairPool
from acqkit.randomness import derive_seed
from acqkit.timing import PhaseClock


@dataclass(frozen=True, eq=False, slots=True)
class Trained:
    """A model of the labels known so far, with what was made with it.

    `pool` is the train part with those labels, without truth; `embeddings` are of its pairs,
    row = position in it; `record` is what the trainer returned, empty for nothing.
    """

    pool: PairPool
    model: Model
    embeddings: PairEmbeddings
    record: Mapping[str, Any]


class ModelOfLabels:
    """Trains from scratch when labels changed, else gives what is there.

    The model is a function of the labels and the seed, so it does not matter to any pick
    whether it was trained in this process, in an earlier one, or twice.
    """

    def __init__(self, factory: ModelFactory, trainer: Trainer, seed: int, device: str) -> None:
        self._factory = factory
        self._trainer = trainer
        self._seed = seed
        self._device = device
        self._key = b""
        self._trained: Trained | None = None

    def get(self, pool: PairPool, clock: PhaseClock) -> Trained:
        """The model and embeddings for `pool.labels`; `pool` is the train part."""
        key = _digest(pool.labels)
        if self._trained is None or key != self._key:
            self._trained = self._train(pool, clock)
            self._key = key
        return self._trained

    def _train(self, pool: PairPool, clock: PhaseClock) -> Trained:
        latest_round = max(0, int(pool.labels.round.max()))
        with clock.phase("train"):
            model = self._factory.build(pool, self._device)
            seed = derive_seed(self._seed, latest_round, "train")
            record = dict(self._trainer.fit(model, pool, seed) or {})
        check_json("the trainer's record", record)
        with clock.phase("embed"):
            return Trained(pool, model, embed_pool(model, pool), record)


def _digest(labels: LabelState) -> bytes:
    digest = hashlib.blake2b(labels.round.tobytes())
    digest.update(labels.matrix.tobytes())
    return digest.digest()
