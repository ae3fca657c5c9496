"""What acqkit asks of its parts, as Protocols: one required method per extension point.

Everything a strategy needs arrives in one `RoundContext`. There is one index space,
positions `0..n-1` in `context.pool`; nothing takes or returns positions in a subset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from acqkit.embeddings import DEFAULT_BLOCK_SIZE, BoolArray, FloatArray, IntArray, PairEmbeddings
from acqkit.labels import LabelState
from acqkit.randomness import derive_seed, pair_keys, uniforms
from acqkit.timing import PhaseClock

Inputs = Any
"""What a model reads of one modality: an array `[k, ...]` or a list of `k` raw items."""


class Component(BaseModel):
    """Base of everything a plugin registers: its pydantic fields are its parameters.

    One declaration serves the config file, the command line's help and the error message
    for a wrong value. Components hold parameters, never state between rounds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    symmetric: ClassVar[bool] = True
    """Whether swapping the two modalities must leave scores and picks as they are."""

    needs_embeddings: ClassVar[bool] = True
    """Whether a scorer, allocator or strategy looks at `context.embeddings` or `context.model`.

    Where False, a campaign does not train before it asks: the embeddings have width 0 and
    there is no model.
    """

    needs_means: ClassVar[bool] = True
    """Whether a scorer looks at the means or variances of its blocks.

    Where False, blocks have probabilities only and width 0: a large pool's means are not read.
    """


@dataclass(frozen=True, eq=False, slots=True)
class PairBatch:
    """Some pairs as a model reads them: inputs and presence masks per modality."""

    positions: IntArray
    a: Inputs
    b: Inputs
    present_a: BoolArray | None = None
    present_b: BoolArray | None = None

    def __len__(self) -> int:
        return len(self.positions)


@runtime_checkable
class Pool(Protocol):
    """All pairs, labeled and unlabeled, as models and strategies see them.

    Labels are those *known so far*: the truth of a simulation never passes through here.
    """

    @property
    def name(self) -> str: ...
    @property
    def modalities(self) -> tuple[str, str]: ...
    @property
    def ids(self) -> NDArray[Any]: ...
    @property
    def class_names(self) -> tuple[str, ...]: ...
    @property
    def multilabel(self) -> bool: ...
    @property
    def labels(self) -> LabelState: ...
    @property
    def cost(self) -> FloatArray | None: ...
    @property
    def group(self) -> NDArray[Any] | None: ...
    @property
    def dims(self) -> tuple[int, int] | None:
        """Feature widths, or None when the pool yields raw pairs."""
        ...

    def __len__(self) -> int: ...
    def batch(self, positions: IntArray) -> PairBatch:
        """The inputs of the pairs at `positions`, in that order."""
        ...

    def id_keys(self) -> NDArray[np.uint64]:
        """A stable 64-bit hash of each id, `[n]`."""
        ...


@runtime_checkable
class Model(Protocol):
    """Any paired-modality model: learns from the labels known so far, embeds pairs."""

    def fit(self, pool: Pool, seed: int) -> None:
        """Learn from scratch from `pool.labels` (and, if it likes, the unlabeled pairs)."""
        ...

    def embed(self, batch: PairBatch) -> PairEmbeddings:
        """Embed a block of pairs into the common space."""
        ...


@runtime_checkable
class SamplingModel(Protocol):
    """A model that can also draw stochastic predictions (MC dropout, an ensemble)."""

    def sample_probabilities(self, batch: PairBatch, n_samples: int, seed: int) -> FloatArray:
        """Class probabilities `[n_samples, k, c]` of the pair, one stochastic pass each.

        A pass uses the same dropout mask for every pair, so that splitting a batch into
        blocks changes nothing.
        """
        ...


@runtime_checkable
class EmbeddingClassifier(Protocol):
    """A model whose classifier, linear or not, can be asked about any point of the space."""

    def classify(self, means: FloatArray) -> FloatArray:
        """Class probabilities `[k, c]` of points `[k, d]`."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Scores:
    """Informativeness per pair, higher is more wanted; `terms` say what it is made of."""

    values: FloatArray
    terms: Mapping[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class Selection:
    """Picks in order of choice, with what is worth keeping beside them.

    positions `[k]`; scores `[k]` or None; terms name -> `[k]`; record: plain data for the
    report (an allocation table, a bound, ...), which must be JSON.
    """

    positions: IntArray
    scores: FloatArray | None = None
    terms: Mapping[str, FloatArray] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RoundContext:
    """Everything known when picks are to be made.

    `candidates` `[u]` are the positions that may be picked: unlabeled, not skipped, not
    already asked for. `embeddings` cover the whole pool, row = position.
    """

    round: int
    seed: int
    pool: Pool
    embeddings: PairEmbeddings
    candidates: IntArray
    model: Model | None = None
    block_size: int = DEFAULT_BLOCK_SIZE
    clock: PhaseClock = field(default_factory=PhaseClock)

    def rng(self, purpose: str = "select") -> np.random.Generator:
        """A fresh generator derived from (seed, round, purpose): equal calls, equal streams."""
        return np.random.default_rng(self.derive(purpose))

    def derive(self, purpose: str) -> int:
        """An integer seed derived from (seed, round, purpose), for libraries that want one."""
        return derive_seed(self.seed, self.round, purpose)

    def uniforms(self, purpose: str = "select") -> NDArray[np.float64]:
        """One number in [0, 1) per pair, `[n]`, from its id: reordering the pool reorders them."""
        return uniforms(pair_keys(self.pool.id_keys(), self.derive(purpose)))

    def canonical(self, positions: IntArray) -> IntArray:
        """`positions` in an order that depends on ids and seed only.

        Algorithms whose result depends on the order of their input (k-means, greedy with
        ties) run on this order, so that permuting the pool permutes the picks.
        """
        keys = pair_keys(self.pool.id_keys()[positions], self.derive("order"))
        # No stable sort, which takes four times as long: different ids have different keys but
        # once in billions.
        return positions[np.argsort(keys)]


@runtime_checkable
class Scorer(Protocol):
    """Gives each pair an informativeness, block by block."""

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray | Scores:
        """Informativeness `[len(block)]`, higher is more wanted; `block.positions` says who."""
        ...


@runtime_checkable
class PreparedScorer(Protocol):
    """A scorer that looks at the whole pool once before it scores block by block."""

    def prepare(self, context: RoundContext) -> Scorer:
        """The scorer that is asked for the blocks; holds what was learned from the pool."""
        ...


@runtime_checkable
class Allocator(Protocol):
    """Turns scores into exactly `n` picks."""

    def allocate(self, scores: Scores, context: RoundContext, n: int) -> IntArray | Selection:
        """`n` distinct candidates; `scores.values` is `[len(pool)]`, -inf where nothing is scored.

        That is off the candidates, and off what a `SamplingAllocator` said that it reads.
        """
        ...


@runtime_checkable
class SamplingAllocator(Protocol):
    """An allocator that looks at the scores of some candidates only, say of a large pool's sample.

    The others are not scored: their `scores.values` are -inf. Which ones it reads must follow
    from the context and `n` alone, and permuting the pool must permute them.
    """

    def reads(self, context: RoundContext, n: int) -> IntArray | None:
        """The distinct candidates whose scores are needed to pick `n`; None for all of them."""
        ...


@runtime_checkable
class PreparedAllocator(Protocol):
    """An allocator that can do part of its work before there are scores.

    A composed strategy has it done while candidates are scored, in another thread if there
    is more than one.
    """

    def prepare(self, context: RoundContext, n: int) -> Allocator:
        """The allocator that is asked for `n` picks; holds what was worked out.

        Its picks are those of the allocator itself.
        """
        ...


@runtime_checkable
class Strategy(Protocol):
    """Chooses the next pairs."""

    def select(self, context: RoundContext, n: int) -> IntArray | Selection:
        """`n` distinct positions out of `context.candidates`."""
        ...


@runtime_checkable
class Trainer(Protocol):
    """How a model is updated between rounds."""

    def fit(self, model: Model, pool: Pool, seed: int) -> Mapping[str, Any] | None:
        """Train `model` on the labels known so far; the same seed gives the same model.

        Returns nothing, or what people may want to know of the training, which must be JSON:
        `Campaign.training`, and in `results.json` each round's `training`.
        """
        ...


@runtime_checkable
class BelievingTrainer(Protocol):
    """A trainer that can say of every pair what it believes, beyond what its model says."""

    def pool_beliefs(self, model: Model, pool: Pool) -> FloatArray | None:
        """Class probabilities `[n, c]` of all pairs after `fit`; None before the first label."""
        ...


@runtime_checkable
class TransferTrainer(Protocol):
    """A trainer that can also learn from a fitted model: what may follow a `+`."""

    def fit_from(
        self, source: Model, model: Model, pool: Pool, seed: int, beliefs: FloatArray | None
    ) -> Mapping[str, Any] | None:
        """Train `model` from scratch on the labels known so far and on what `source` knows.

        `source` may be of another kind or width; it is left as it is. beliefs: those of the
        trainer that made it, where it has some. Returns what `Trainer.fit` returns.
        """
        ...


@runtime_checkable
class ModelFactory(Protocol):
    """Makes an untrained model that fits a pool."""

    def build(self, pool: Pool, device: str) -> Model: ...


@runtime_checkable
class PoolSource(Protocol):
    """Makes a pool with known truth: a data set by name."""

    def load(self) -> Pool: ...


@runtime_checkable
class Oracle(Protocol):
    """Answers for people in a simulation."""

    def label(self, positions: IntArray) -> NDArray[np.uint8]:
        """Label rows `[k, c]` of the pairs at `positions`."""
        ...
