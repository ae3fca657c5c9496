"""The fully supervised reference: all labels, the best of the installed trainers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from acqkit.campaign.trainers import can_train, fit_on
from acqkit.components.registry import registry
from acqkit.components.resolve import resolve
from acqkit.components.spec import ComponentSpec
from acqkit.files import make_folder, write_text
from acqkit.interfaces import Trainer
from acqkit.labels import UNLABELED, LabelState
from acqkit.randomness import derive_seed
from acqkit.runner.evaluate import evaluate
from acqkit.runner.plan import Plan
from acqkit.runs import Reference
from acqkit.runs.checks import Figure
from acqkit.runs.folder import OutputFolder
from acqkit.runs.metrics import measure, metric_versions


def full_reference(plan: Plan, folder: OutputFolder) -> Reference:
    """Means over seeds of every metric of the trainer with the best MAP, with every train label.

    The best of all trainers that can train the model is taken, so that a weak reference never
    flatters a strategy. Finished trainings are kept in `folder` and not repeated unless what they
    depend on changed.
    """
    train = plan.pool.take(plan.pool.train_positions)
    untrained = plan.untrained_model(train)
    specs = {}
    for name in registry().names("trainer"):
        trainer = resolve("trainer", name).component
        if getattr(trainer, "learns", True) and can_train(trainer, untrained):
            specs[name] = ComponentSpec(name=name)
    specs[plan.config.trainer.label] = plan.config.trainer
    found = []
    for label, spec in specs.items():
        figures = [_kept(plan, spec, seed, folder.full(label, seed)) for seed in plan.seeds]
        names = [name for name in figures[0] if all(name in own for own in figures)]
        means = {name: float(np.mean([own[name] for own in figures])) for name in names}
        found.append(Reference(map=means["map"], map50=means["map50"], metrics=means))
    return max(found, key=lambda reference: reference.map)


class _KeptFigures(BaseModel):
    """What one training gave, and all that it depends on."""

    figures: dict[str, Figure]
    depends_on: dict[str, Any]

    @classmethod
    def read(cls, file: Path) -> _KeptFigures | None:
        """What is kept in a file; None where there is none, or a damaged one."""
        try:
            return cls.model_validate_json(file.read_bytes()) if file.exists() else None
        except ValidationError:
            return None


def _kept(plan: Plan, spec: ComponentSpec, seed: int, file: Path) -> dict[str, float]:
    """Metrics of one training: those in `file` if they are of the same one, else made anew."""
    depends_on = plan.training(spec) | {"metrics": metric_versions()}
    kept = _KeptFigures.read(file)
    if kept is not None and kept.depends_on == depends_on:
        return kept.figures
    figures = _train_on_all(plan, spec, seed)
    make_folder(file.parent)
    write_text(file, _KeptFigures(figures=figures, depends_on=depends_on).model_dump_json(indent=1))
    return figures


def _train_on_all(plan: Plan, spec: ComponentSpec, seed: int) -> dict[str, float]:
    pool = plan.pool
    assert pool.truth is not None  # the oracle has checked it
    train = pool.take(pool.train_positions)
    truth = np.asarray(pool.truth[pool.train_positions])
    rounds = np.full(len(train), UNLABELED, np.int32)
    rounds[train.answerable(np.arange(len(train)))] = 0
    labels = LabelState(rounds, truth)
    trainer: Trainer = resolve("trainer", spec).component
    model = plan.untrained_model(train)
    seed = derive_seed(seed, 0, "train")
    fit_on(plan.engine, trainer, model, train.with_labels(labels), seed)
    device = plan.config.device
    return measure(evaluate(model, pool, pool.test_positions, pool.truth, plan.engine, device))
