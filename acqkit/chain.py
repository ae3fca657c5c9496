"""Trainers one after the other, each learning from the model that the one before left."""

from __future__ import annotations

import copy
from typing import Any, cast

from pydantic import SerializeAsAny, field_validator, model_serializer

from acqkit.interfaces import (
    BelievingTrainer,
    Component,
    Model,
    Pool,
    Trainer,
    TransferTrainer,
)


class Chain(Component):
    """The trainers of `first+second`: the first trains, each further one learns from its model.

    A stage after the first must be a `TransferTrainer`; raises ValueError for any other.
    """

    stages: dict[str, SerializeAsAny[Component]]

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

    @model_serializer
    def _parameters_by_name(self) -> dict[str, Any]:
        return {name: stage.model_dump(mode="json") for name, stage in self.stages.items()}

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
