"""Which trainer goes with which model: refused before anything is made, not at the first ask."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, cast

from acqkit.components.registry import Registry
from acqkit.components.resolve import Resolved, resolve
from acqkit.engine import Engine
from acqkit.errors import AcqkitError, AcqkitWarning, ConfigError
from acqkit.interfaces import Model, Pool, SelectiveTrainer, Trainer, TrainingEngine
from acqkit.pool import PairPool

DEFAULT_TRAINER = "supervised"
"""For every model that it can train, where no trainer is asked for."""

OWN_FIT = "own-fit"
"""For every other model, where no trainer is asked for."""


def trainer_for(
    given: Any, model: Resolved, pool: PairPool, device: str, registry: Registry | None = None
) -> Resolved:
    """The trainer that was asked for; with None, the one that suits the model.

    pool: a train part. Raises ConfigError where the trainer cannot train the model. A model that
    cannot be built for this pool is not looked at: nobody may ever need it.
    """
    trainer = resolve("trainer", DEFAULT_TRAINER if given is None else given, registry)
    if not isinstance(trainer.component, SelectiveTrainer):
        return trainer
    try:
        untrained = model.component.build(pool, device)
    except AcqkitError:
        return trainer
    if given is not None:
        trainer.component.check_model(untrained)
    elif not can_train(trainer.component, untrained):
        return resolve("trainer", OWN_FIT, registry)
    return trainer


def can_train(trainer: object, model: Model) -> bool:
    """Whether a trainer takes a model."""
    if isinstance(trainer, SelectiveTrainer):
        try:
            trainer.check_model(model)
        except ConfigError:
            return False
    return True


def or_own_fit(trainer: Trainer, model: Model) -> Trainer:
    """The trainer of a campaign; where it cannot train the model, the model's own fit.

    Nobody can make such a campaign. Earlier versions of acqkit did, and trained it so.
    """
    if can_train(trainer, model):
        return trainer
    warnings.warn(
        f"the campaign was made with the trainer {type(trainer).__name__}, which cannot train "
        f"{type(model).__name__}; it is trained by its own fit, as it was before",
        AcqkitWarning,
        stacklevel=2,
    )
    return cast(Trainer, resolve("trainer", OWN_FIT).component)


def fit_on(
    engine: Engine, trainer: Trainer, model: Model, pool: Pool, seed: int
) -> Mapping[str, Any] | None:
    """`trainer.fit(model, pool, seed)`, on an engine that trains; here with any other one."""
    if isinstance(engine, TrainingEngine):
        return engine.train(trainer, model, pool, seed)
    return trainer.fit(model, pool, seed)
