"""What is to be run, with names turned into components and shares into counts."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any, cast

from acqkit.campaign.trainers import trainer_for
from acqkit.components.resolve import Resolved, resolve, spec_of
from acqkit.components.spec import ComponentSpec
from acqkit.config import RunConfig, amount_of, resolve_amount
from acqkit.devices import check_device
from acqkit.errors import ConfigError
from acqkit.interfaces import Engine, Model, ModelFactory, Trainer
from acqkit.pool import PairPool
from acqkit.runner.stopping import FEWEST_HELD_OUT
from acqkit.runs.claim import Claim, StrategyClaim, folder_without_out, pool_content
from acqkit.runs.folder import OutputFolder
from acqkit.runs.metrics import metric_versions
from acqkit.runs.pool import simulated
from acqkit.runs.versions import used_by


@dataclass(frozen=True)
class Plan:
    """A configuration beside its pool."""

    config: RunConfig
    pool: PairPool

    @classmethod
    def make(cls, config: RunConfig, pool: PairPool) -> Plan:
        """A plan whose pool is as a simulation has it, and whose components all exist."""
        check_device(config.device)
        for spec in config.strategy:
            resolve("strategy", spec)
        resolve("trainer", config.trainer)
        resolve("model", config.model)
        resolve("engine", config.engine)
        split = simulated(pool, config.test_share)
        plan = cls(_with_suitable_trainer(config, split), split)
        if config.stop.target_map is not None:
            plan._check_target_map()
        return plan

    @property
    def trainer(self) -> Trainer:
        """A trainer of its own, for models outside the campaign."""
        return cast(Trainer, resolve("trainer", self.config.trainer).component)

    def untrained_model(self, train_pool: PairPool) -> Model:
        """A model of its own that fits the pool."""
        factory = cast(ModelFactory, resolve("model", self.config.model).component)
        return factory.build(train_pool, self.config.device)

    @functools.cached_property
    def engine(self) -> Engine:
        """Where work runs; no result depends on it, so it is no part of the claim."""
        return cast(Engine, resolve("engine", self.config.engine).component)

    @functools.cached_property
    def out(self) -> OutputFolder:
        """Where results go; see `folder_without_out` for a configuration that names no folder."""
        out = self.config.out
        return folder_without_out(self.claim()) if out is None else OutputFolder(out)

    @functools.cached_property
    def answerable(self) -> int:
        """How many train pairs may be asked for: those whose truth is known."""
        return len(self.pool.answerable(self.pool.train_positions))

    def count(self, amount: int | str) -> int:
        """An amount as a count of train pairs that may be asked for."""
        return resolve_amount(amount, self.answerable)

    @functools.cached_property
    def budget(self) -> int | None:
        """Labels in all at which to stop, None for no such number."""
        budget = self.config.stop.budget
        return None if budget is None else self.count(budget)

    def wanted(self, round: int, labels_before: int) -> int:
        """Labels to ask for in a round: 0 where there is nothing left to ask for."""
        config = self.config
        wanted = self.count(amount_of(config.per_round, round) if round else config.initial)
        if self.budget is not None:
            wanted = min(wanted, self.budget - labels_before)
        return max(0, min(wanted, self.answerable - labels_before))

    def _check_target_map(self) -> None:
        """Refuse to stop by a MAP among so few pairs that it says nothing of a real gallery."""
        stop, labels = self.config.stop, 0
        for round in range(self.config.rounds + 1):
            labels += self.wanted(round, labels)
        gallery = int(stop.validation * labels)
        if gallery < FEWEST_HELD_OUT:
            raise ConfigError(
                f"stop.target_map would judge by a gallery of at most {gallery} held-out pairs "
                f"({stop.validation:.0%} of {labels} labels), where {FEWEST_HELD_OUT} are wanted: "
                "MAP falls as galleries grow, so that among few pairs it is far above that of a "
                "real gallery; label more, raise stop.validation, or use stop.stability or "
                "stop.budget"
            )

    @property
    def seeds(self) -> range:
        """The seeds to run."""
        return range(self.config.first_seed, self.config.first_seed + self.config.seeds)

    def training(self, trainer: ComponentSpec) -> dict[str, Any]:
        """What a training depends on beside its labels; reads the whole pool once."""
        made, model = resolve("trainer", trainer), self._model
        return {
            "pool": self._content,
            "trainer": dict(made.record),
            "model": dict(model.record),
            # Another card of one kind rounds alike, another kind does not.
            "device": self.config.device.partition(":")[0],
            "versions": {
                "acqkit": metadata.version("acqkit"),
                **used_by("trainer", made.record),
                **used_by("model", model.record),
            },
        }

    def claim(self) -> Claim:
        """What the results depend on."""
        config = self.config
        schedule = {"initial", "per_round", "test_share", "stop"}
        strategies = {}
        for spec in config.strategy:
            record = dict(resolve("strategy", spec).record)
            strategies[spec.label] = StrategyClaim(
                record=record,
                versions=used_by("strategy", record),
                rounds=config.rounds,
                seeds=list(self.seeds),
            )
        shared = self.training(config.trainer) | config.model_dump(mode="json", include=schedule)
        return Claim(shared=shared, metrics=metric_versions(), strategies=strategies)

    @functools.cached_property
    def _model(self) -> Resolved:
        return resolve("model", self.config.model)

    @functools.cached_property
    def _content(self) -> dict[str, str]:
        return {"name": self.pool.name, **pool_content(self.pool)}


def _with_suitable_trainer(config: RunConfig, pool: PairPool) -> RunConfig:
    """With the trainer that suits the model, where none was asked for; see `trainer_for`."""
    given = config.trainer if "trainer" in config.model_fields_set else None
    train = replace(pool.take(pool.train_positions), truth=None)
    trainer = trainer_for(given, resolve("model", config.model), train, config.device)
    if trainer.record == resolve("trainer", config.trainer).record:
        return config
    return config.model_copy(update={"trainer": spec_of("trainer", trainer.component)})
