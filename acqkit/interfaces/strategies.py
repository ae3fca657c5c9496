"""What chooses pairs: strategies, and the scorers and allocators that compose one."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from acqkit.embeddings import FloatArray, IntArray, PairEmbeddings
from acqkit.interfaces.rounds import RoundContext, Scores, Selection


@runtime_checkable
class Scorer(Protocol):
    """Gives each pair an informativeness, block by block."""

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray | Scores:
        """Informativeness `[k]` of the pairs at `block.positions` `[k]`; higher is more wanted."""
        ...


@runtime_checkable
class PreparedScorer(Protocol):
    """A scorer that looks at the whole pool once before it scores block by block."""

    def prepare(self, context: RoundContext) -> Scorer:
        """A scorer of single blocks, which holds what was learned from the whole pool."""
        ...


@runtime_checkable
class Allocator(Protocol):
    """Turns scores into exactly `n` picks."""

    def allocate(self, scores: Scores, context: RoundContext, n: int) -> IntArray | Selection:
        """`n` distinct positions `[n]` out of `context.candidates`, in order of choice.

        `scores.values` is `[len(pool)]`: -inf for pairs that are no candidates, and for those
        that a `SamplingAllocator` did not ask for.
        """
        ...


@runtime_checkable
class SamplingAllocator(Protocol):
    """An allocator that reads the scores of some candidates only, as of a sample of a large pool.

    The others are not scored: their `scores.values` are -inf. Which ones it reads must follow
    from the context and `n` alone, and permuting the pool must permute them.
    """

    def reads(self, context: RoundContext, n: int) -> IntArray | None:
        """Distinct candidates `[r]` whose scores are needed to pick `n`; None for all of them."""
        ...


@runtime_checkable
class PreparedAllocator(Protocol):
    """An allocator that can do part of its work before there are scores.

    A composed strategy runs `prepare` in another thread, if there is one, while candidates are
    scored.
    """

    def prepare(self, context: RoundContext, n: int) -> Allocator:
        """An allocator that holds what does not depend on scores, and picks as this one would."""
        ...


@runtime_checkable
class Strategy(Protocol):
    """Chooses the next pairs."""

    def select(self, context: RoundContext, n: int) -> IntArray | Selection:
        """`n` distinct positions `[n]` out of `context.candidates`, in order of choice."""
        ...
