"""What chooses pairs: strategies, and the scorers and allocators that compose one."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from acqkit.embeddings import FloatArray, IntArray, PairEmbeddings
from acqkit.interfaces.rounds import RoundContext, Scores, Selection


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
