"""Which trainer goes with which model: refused before anything is made, not at the first ask."""

from __future__ import annotations

from typing import Any

from acqkit.components.registry import Registry
from acqkit.components.resolve import Resolved, resolve
from acqkit.errors import AcqkitError, ConfigError
from acqkit.interfaces import Model, SelectiveTrainer
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
