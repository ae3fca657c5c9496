"""What is to be run, with names turned into components and shares into counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from acqkit.components.resolve import resolve
from acqkit.config import RunConfig, resolve_amount
from acqkit.errors import ConfigError
from acqkit.interfaces import Model, ModelFactory, Trainer
from acqkit.pool import PairPool
from acqkit.randomness import derive_seed, pair_keys, uniforms

_RUN_FILE = "run.json"


@dataclass(frozen=True)
class Plan:
    """A configuration beside its pool."""

    config: RunConfig
    pool: PairPool

    @classmethod
    def make(cls, config: RunConfig, pool: PairPool) -> Plan:
        """A plan whose pool has a test part and whose components all exist.

        A simulation begins without labels, whatever the pool's owner knows of it.
        """
        for spec in config.strategy:
            resolve("strategy", spec)
        resolve("trainer", config.trainer)
        resolve("model", config.model)
        return cls(config, with_split(replace(pool, known=None), config.test_share))

    @property
    def trainer(self) -> Trainer:
        """A trainer of its own, for models outside the campaign."""
        return cast(Trainer, resolve("trainer", self.config.trainer).component)

    def untrained_model(self, train_pool: PairPool) -> Model:
        """A model of its own that fits the pool."""
        factory = cast(ModelFactory, resolve("model", self.config.model).component)
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
