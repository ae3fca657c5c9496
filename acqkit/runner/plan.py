"""What is to be run, with names turned into components and shares into counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from acqkit.components.registry import registry
from acqkit.config import ComponentSpec, RunConfig, StrategySpec, resolve_amount
from acqkit.errors import ConfigError
from acqkit.interfaces import Component, Model, ModelFactory, Trainer
from acqkit.pool import PairPool
from acqkit.randomness import derive_seed, pair_keys, uniforms

_RUN_FILE = "run.json"


@dataclass(frozen=True)
class Plan:
    """A configuration beside its pool and the ready objects that have no registered name."""

    config: RunConfig
    pool: PairPool
    objects: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def make(cls, config: RunConfig, pool: PairPool, objects: Mapping[str, Any]) -> Plan:
        """A plan whose pool has a test part and whose components all exist.

        A simulation begins without labels, whatever the pool's owner knows of it.
        """
        plan = cls(config, with_split(replace(pool, known=None), config.test_share), objects)
        for spec in config.strategy:
            parts: tuple[tuple[str, ComponentSpec | None], ...] = (
                ("strategy", spec.strategy),
                ("scorer", spec.scorer),
                ("allocator", spec.allocator),
            )
            for kind, part in parts:
                if part is not None:
                    plan.component(kind, part)
        plan.component("trainer", config.trainer)
        plan.component("model", config.model)
        return plan

    def component(self, kind: str, spec: ComponentSpec) -> Any:
        """The component of that name; raises PluginError or ConfigError."""
        if spec.name in self.objects:
            return self.objects[spec.name]
        return registry().make(kind, spec.name, spec.params)

    def strategy(self, spec: StrategySpec) -> Any:
        """What `Campaign.create` takes for the strategy."""
        if spec.strategy is not None and spec.strategy.name in self.objects:
            return self.objects[spec.strategy.name]
        return spec.model_dump()

    def part(self, spec: ComponentSpec) -> Any:
        """What `Campaign.create` takes for the trainer or the model."""
        return self.objects.get(spec.name, spec.model_dump())

    @property
    def trainer(self) -> Trainer:
        """A trainer of its own, for models outside the campaign."""
        return cast(Trainer, self.component("trainer", self.config.trainer))

    def untrained_model(self, train_pool: PairPool) -> Model:
        """A model of its own that fits the pool."""
        factory = cast(ModelFactory, self.component("model", self.config.model))
        return factory.build(train_pool, self.config.device)

    def count(self, amount: int | str) -> int:
        """An amount as a count of train pairs."""
        return resolve_amount(amount, len(self.pool.train_positions))

    def claim(self, folder: Path) -> None:
        """Make the folder this run's own, or find that it is already.

        Raises ConfigError when the folder holds another run or something else.
        """
        wanted = self.config.record() | {"pairs": len(self.pool)}
        file = folder / _RUN_FILE
        if file.exists():
            found = json.loads(file.read_text(encoding="utf-8"))
            if found != wanted:
                keys = [key for key in wanted if found.get(key) != wanted[key]]
                raise ConfigError(
                    f"{folder} holds another run ({_differences(found, wanted, keys)}); give "
                    "another --out, or the same settings to resume it"
                )
            return
        if folder.exists() and any(folder.iterdir()):
            raise ConfigError(f"{folder} exists and is not a run; give another --out")
        folder.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(".tmp")
        temporary.write_text(json.dumps(wanted, indent=1), encoding="utf-8")
        temporary.replace(file)


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any], keys: list[str]) -> str:
    return "; ".join(f"{key} was {found.get(key)!r}, now {wanted[key]!r}" for key in keys)


def with_split(pool: PairPool, share: float) -> PairPool:
    """The pool itself if it has a test part, else with a share of it chosen by the ids' hash."""
    if pool.test is not None:
        return pool
    test = uniforms(pair_keys(pool.id_keys(), derive_seed(0, 0, "split"))) < share
    if test.all() or not test.any():
        raise ConfigError(
            f"pool {pool.name!r} with {len(pool)} pairs is too small to keep {share:.0%} for "
            "evaluation; give it a split"
        )
    return replace(pool, test=np.asarray(test))


def as_spec(kind: str, value: Any, objects: dict[str, Any]) -> Any:
    """A name, mapping or ready object as configuration; unregistered objects are kept aside."""
    if isinstance(value, str | Mapping | ComponentSpec | StrategySpec):
        return value
    for (found, name), component in registry().components.items():
        if found == kind and component.factory is type(value):
            return {"name": name, **value.model_dump(mode="json", exclude_defaults=True)}
    name = f"{type(value).__module__}:{type(value).__qualname__}"
    objects[name] = value
    params = value.model_dump(mode="json") if isinstance(value, Component) else {}
    return {"name": name, "params": params}
