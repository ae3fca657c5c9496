"""Components made of components: a scorer with an allocator, trainers one after the other.

They answer for themselves what is asked of any strategy or trainer, so that who uses them
need not know that they are made of parts.
"""

from __future__ import annotations

import copy
from typing import Any, cast

from pydantic import field_validator

from acqkit.embeddings import FloatArray
from acqkit.interfaces import (
    Allocator,
    BelievingTrainer,
    Component,
    Model,
    Pool,
    RoundContext,
    Scorer,
    Selection,
    SelectiveTrainer,
    Trainer,
    TransferTrainer,
)
from acqkit.selection import as_selection, needs_embeddings, score_candidates


class Composed(Component):
    """The usual strategy: a scorer says how wanted each pair is, an allocator picks."""

    scorer: Scorer
    allocator: Allocator

    @property
    def title(self) -> str:
        """Both parts, for messages."""
        return f"{type(self.scorer).__name__} + {type(self.allocator).__name__}"

    @property
    def needs_embeddings(self) -> bool:  # type: ignore[override] # follows from the parts
        """Whether either part looks at embeddings or the model."""
        return needs_embeddings(self.scorer) or needs_embeddings(self.allocator)

    @property
    def holds_means(self) -> bool:  # type: ignore[override] # follows from the parts
        """Whether either part holds the means of all candidates in memory."""
        return any(getattr(part, "holds_means", False) for part in (self.scorer, self.allocator))

    def select(self, context: RoundContext, n: int) -> Selection:
        """`n` picks with their scores and the terms they are made of.

        Where the allocator gives no reasons for its picks, they are what the scorer says.
        """
        # Not at the top: looking at a campaign reads this file, and torch takes a second.
        from acqkit.engine.threads import beside  # noqa: PLC0415

        allocator = self.allocator
        # A SamplingAllocator, a PreparedAllocator: asking that by isinstance takes 20 µs each.
        wanted = allocator.reads(context, n) if hasattr(allocator, "reads") else None
        with beside(lambda: _prepared(allocator, context, n)) as prepared:
            with context.clock.phase("score"):
                scores = score_candidates(self.scorer, context, wanted)
            ready = prepared()
        picked = as_selection(ready.allocate(scores, context, n))
        positions, record = picked.positions, dict(picked.record)
        if scores.sentences:
            record.setdefault("reasons", scores.reasons(positions))
        return Selection(
            positions,
            scores.values[positions] if picked.scores is None else picked.scores,
            {name: term[positions] for name, term in scores.terms.items()} | dict(picked.terms),
            record,
        )


def _prepared(allocator: Allocator, context: RoundContext, n: int) -> Allocator:
    return allocator.prepare(context, n) if hasattr(allocator, "prepare") else allocator


class Chain(Component):
    """The trainers of `first+second`: the first trains, each further one learns from its model.

    A stage after the first must be a `TransferTrainer`; raises ValueError for any other. Made
    by `chain`, which gives the one that has beliefs where the first stage has some.
    """

    stages: dict[str, Component]

    @field_validator("stages")
    @classmethod
    def _later_ones_learn_from_a_model(cls, stages: dict[str, Component]) -> dict[str, Component]:
        for name in list(stages)[1:]:
            if not isinstance(stages[name], TransferTrainer):
                raise ValueError(
                    f"{name!r} cannot come after another trainer: it has no method 'fit_from' "
                    "with which to learn from a fitted model; put it first"
                )
        return stages

    def check_model(self, model: Model) -> None:
        """Raise ConfigError for a model that one of the stages could not train."""
        for stage in self.stages.values():
            if isinstance(stage, SelectiveTrainer):
                stage.check_model(model)

    def fit(self, model: Model, pool: Pool, seed: int) -> dict[str, Any] | None:
        """Train `model` by each stage in turn; what the last one made of it stays.

        Returns the record of each stage that has one, by its name; None where none has.
        """
        (name, before), *others = self.stages.items()
        records = {name: cast(Trainer, before).fit(model, pool, seed)}
        for name, stage in others:
            believes = isinstance(before, BelievingTrainer)
            beliefs = cast(BelievingTrainer, before).pool_beliefs(model, pool) if believes else None
            source = copy.deepcopy(model)
            teach = cast(TransferTrainer, stage).fit_from
            records[name] = teach(source, model, pool, seed, beliefs)
            before = stage
        return {name: record for name, record in records.items() if record} or None


class BelievingChain(Chain):
    """A chain whose first trainer says what it believes, and with it the chain."""

    def pool_beliefs(self, model: Model, pool: Pool) -> FloatArray | None:
        """What the first stage makes of the model that the last one left: `[n, c]`."""
        first = next(iter(self.stages.values()))
        return cast(BelievingTrainer, first).pool_beliefs(model, pool)


def chain(stages: dict[str, Component]) -> Chain:
    """The chain of trainers by name, in order; raises pydantic's ValidationError."""
    believes = isinstance(next(iter(stages.values())), BelievingTrainer)
    return (BelievingChain if believes else Chain)(stages=stages)
