"""Components that break the contract on purpose, each in one way."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import PrivateAttr

from acqkit.embeddings import Float64Array, FloatArray, IntArray, PairEmbeddings
from acqkit.interfaces import Component, Model, Pool, RoundContext, Scores, Selection


def distance_from_center(context: RoundContext) -> Float64Array:
    """A sound informativeness of every candidate, for strategies broken in another way."""
    mean = context.embeddings.unified_mean()[context.candidates].astype(np.float64)
    return np.asarray(np.linalg.norm(mean, axis=1))


def best(wanted: NDArray[Any], context: RoundContext, n: int) -> IntArray:
    """The n best candidates, ties in canonical order: what the broken ones would do if sound."""
    order = np.argsort(context.canonical(np.arange(len(context.pool))))
    return context.candidates[np.lexsort((order[context.candidates], -wanted))[:n]]


class Sound(Component):
    """Nothing wrong here: every check must pass."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        return best(distance_from_center(context), context, n)


class SoundRandom(Component):
    """Nothing wrong here either: random picks, by the pair's id and the seed."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        return best(context.uniforms()[context.candidates], context, n)


class SubsetPositions(Component):
    """Index space: returns rows of the candidates instead of positions in the pool."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        return np.argsort(-distance_from_center(context), kind="stable")[:n]


class PicksIds(Component):
    """Index space: returns ids instead of positions."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        return np.asarray(context.pool.ids[best(distance_from_center(context), context, n)])


class Repeats(Component):
    """Duplicates: draws with replacement."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        picks = best(distance_from_center(context), context, n)
        return np.concatenate([picks[:1], picks[:-1]]) if n > 1 else picks


class GlobalSeed(Component):
    """Global seed: seeds and uses numpy's global generator."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        np.random.seed(context.seed)  # noqa: NPY002 - broken on purpose
        noise = np.random.random(len(context.candidates))  # noqa: NPY002 - broken on purpose
        return best(noise, context, n)


class GlobalDraw(Component):
    """Global state: draws from torch's global generator."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        return best(torch.rand(len(context.candidates)).numpy(), context, n)


class Silences(Component):
    """Global settings: switches numpy's warnings off for everybody."""

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
        np.seterr(all="ignore")
        return np.asarray(block.unified_mean()[:, 0])


class NaNScorer(Component):
    """NaN: entropy without a thought for probabilities of zero."""

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
        p = block.unified_probabilities()
        return np.asarray(-(p * np.log(p)).sum(axis=1))


class SilentNaN(Component):
    """NaN: the same in a strategy, without a warning, sorting NaN as the greatest."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        p = torch.from_numpy(context.embeddings.unified_probabilities()[context.candidates])
        entropy = -(p * p.log()).sum(dim=1)
        return context.candidates[np.argsort(entropy.numpy(), kind="stable")[-n:]]


class ZeroVectorNaN(Component):
    """NaN: a cosine that divides by the length of a zero vector."""

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
        a, b = block.a.mean, block.b.mean
        return np.asarray(
            (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        )


class PadsWithRepeats(Component):
    """Over-asking: makes up picks when too few candidates are left."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        return np.resize(best(distance_from_center(context), context, n), n)


class WholeClusters(Component):
    """Over-asking: returns more than it was asked for."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        return best(distance_from_center(context), context, n + 1)


class StopsShort(Component):
    """Returns fewer than it was asked for."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        return best(distance_from_center(context), context, max(1, n - 1))


class ConstantSeed(Component):
    """Seed-blind: random picks that are the same whatever the seed."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        return best(np.random.default_rng(0).random(len(context.candidates)), context, n)


class ConstantHash(Component):
    """Seed-blind, though reordering the pool does reorder the picks: a hash of the id alone."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        keys = context.pool.id_keys()[context.candidates]
        return best((keys >> np.uint64(11)).astype(np.float64), context, n)


class FreshEntropy(Component):
    """Seed-blind: other picks every time."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        return best(np.random.default_rng().random(len(context.candidates)), context, n)


class Remembers(Component):
    """State: never picks what it has picked before, while it can."""

    _seen: set[int] = PrivateAttr(default_factory=set)

    def select(self, context: RoundContext, n: int) -> IntArray:
        picks = best(distance_from_center(context), context, len(context.candidates))
        picks = np.array(sorted(picks.tolist(), key=lambda position: position in self._seen))[:n]
        self._seen.update(picks.tolist())
        return picks


class FirstCome(Component):
    """Permutation: takes the pairs at the front of the pool."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        return np.sort(context.candidates)[:n]


class FirstOffered(Component):
    """Order of candidates: takes those that are named first."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        return context.candidates[:n]


class OneSided(Component):
    """Swap: looks at modality a alone."""

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
        return np.asarray(np.linalg.norm(block.a.mean, axis=1))


class OneSidedAndSaysSo(OneSided):
    """The same, declared; it still reads rows of absent pairs."""

    symmetric: ClassVar[bool] = False


class BlockRank(Component):
    """Block size: a pair's score is its rank within the block."""

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
        return np.argsort(np.argsort(block.unified_mean()[:, 0])).astype(np.float32)


class Writes(Component):
    """Mutation: normalizes the embeddings in place."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        mean = context.embeddings.a.mean
        mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
        return best(distance_from_center(context), context, n)


class EveryUnlabeled(Component):
    """Candidates: takes skipped pairs and those already asked for."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        unlabeled = context.pool.labels.unlabeled
        mean = np.linalg.norm(context.embeddings.unified_mean()[unlabeled], axis=1)
        return unlabeled[np.argsort(-mean, kind="stable")[:n]]


class ClaimsToNeedNothing(Sound):
    """Declares that it looks at no embeddings, and does."""

    needs_embeddings: ClassVar[bool] = False


class NeedsModel(Component):
    """Says nothing useful when the context has no model."""

    def select(self, context: RoundContext, n: int) -> IntArray:
        assert context.model is not None
        return best(distance_from_center(context), context, n)


class NumpyRecord(Component):
    """Gives the report something that JSON does not know."""

    def select(self, context: RoundContext, n: int) -> Selection:
        picks = best(distance_from_center(context), context, n)
        return Selection(picks, record={"picks": picks})


class WrongLength(Component):
    """One score too many."""

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
        return np.zeros(len(block) + 1, np.float32)


class Forgets(Component):
    """A parameter that JSON cannot bring back."""

    weights: Any = np.float64(0.5)

    def select(self, context: RoundContext, n: int) -> IntArray:
        return best(distance_from_center(context), context, n)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Forgets) and type(self.weights) is type(other.weights)


class WorstAllocator(Component):
    """An allocator that picks labeled pairs: their scores are -inf, and it wants the least."""

    def allocate(self, scores: Scores, context: RoundContext, n: int) -> IntArray:
        return np.argsort(scores.values, kind="stable")[:n]


class GlobalTrainer(Component):
    """A trainer that seeds torch's global generator."""

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        torch.manual_seed(seed)
        model.fit(pool, seed)


class WarmTrainer(Component):
    """A trainer that goes on from where the model stands; needs a `StepModel`."""

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        model.fit(pool, -1)
