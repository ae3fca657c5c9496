"""What one draw of the study is made on: pairs to label, pairs to choose by, pairs to report on."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from acqkit import RoundContext
from acqkit.campaign.embed import embed_pool
from acqkit.embeddings import IntArray
from acqkit.labels import LabelState
from acqkit.loading import load_pool
from acqkit.models import Supervised, TorchPairModel, TwoTower
from acqkit.pool import PairPool
from acqkit.randomness import derive_seed, pair_keys, uniforms
from acqkit.runner.evaluate import evaluate

HELD_OUT = 0.2
"""Share of the train pairs by which batches are chosen, and the same share to report on."""


@dataclass(frozen=True, eq=False)
class Scene:
    """One draw of a pool's train pairs, in three parts with truth; test pairs are in none.

    pool: pairs to label. choosing: pairs on which the best of many batches is looked for.
    reporting: pairs on which all MAP that is reported is measured. steps: of a training.
    """

    pool: PairPool
    choosing: PairPool
    reporting: PairPool
    seed: int
    steps: int

    @classmethod
    def of(cls, source: str, seed: int, most: int, steps: int) -> Scene:
        """At most `most` of the train pairs, split at random by their ids and the seed."""
        train = _train_part(source)
        keys = pair_keys(train.id_keys(), derive_seed(seed, 0, "headroom"))
        order = np.argsort(uniforms(keys))[:most]
        held_out = max(1, round(HELD_OUT * len(order)))
        parts = order[2 * held_out :], order[:held_out], order[held_out : 2 * held_out]
        pool, choosing, reporting = (train.take(np.sort(part)) for part in parts)
        return cls(pool, choosing, reporting, seed, steps)

    @property
    def truth(self) -> Any:
        """Labels `[n, c]` 0/1 of the pairs to label."""
        assert self.pool.truth is not None
        return self.pool.truth

    def labels(self, batches: list[IntArray]) -> LabelState:
        """The true labels of the pairs in `batches`, one a round."""
        state = LabelState.empty(len(self.pool), len(self.pool.class_names))
        for number, positions in enumerate(batches):
            state = state.with_answers(positions, self.truth[positions], number)
        return state

    def trained(self, batches: list[IntArray], purpose: str) -> TorchPairModel:
        """The model of these labels; trainings of one purpose after as many batches share a seed.

        What differs between them is then the batches, not the draws of parameters and steps.
        """
        seen = self.pool.with_labels(self.labels(batches))
        model = TwoTower().build(seen, "cpu")
        seed = derive_seed(self.seed, len(batches), purpose)
        Supervised(max_steps=self.steps).fit(model, seen, seed)
        return model

    @functools.cached_property
    def unlabeled_model(self) -> TorchPairModel:
        """The model without any label, with which every strategy begins."""
        return self.trained([], "train")

    def context(self, model: TorchPairModel, batches: list[IntArray]) -> RoundContext:
        """What a strategy is given in the round after `batches`."""
        seen = self.pool.with_labels(self.labels(batches))
        return RoundContext(
            round=len(batches),
            seed=self.seed,
            pool=seen,
            embeddings=embed_pool(model, seen),
            candidates=seen.labels.unlabeled,
            model=model,
        )


def retrieval(model: TorchPairModel, part: PairPool) -> float:
    """MAP on a part with truth, mean of both directions."""
    assert part.truth is not None
    return evaluate(model, part, np.arange(len(part)), part.truth).scores.map


@functools.lru_cache(maxsize=1)
def _train_part(source: str) -> PairPool:
    pool = load_pool(source)
    return pool.take(pool.train_positions)
