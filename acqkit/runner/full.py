"""The fully supervised reference: all labels, the best of the installed trainers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from acqkit.components.registry import registry
from acqkit.components.resolve import resolve
from acqkit.components.spec import ComponentSpec
from acqkit.files import make_folder, write_text
from acqkit.interfaces import Trainer
from acqkit.labels import LabelState
from acqkit.randomness import derive_seed
from acqkit.runner.evaluate import evaluate
from acqkit.runner.plan import Plan
from acqkit.runs import Reference
from acqkit.runs.folder import OutputFolder


def full_reference(plan: Plan, folder: OutputFolder) -> Reference:
    """Mean over seeds of the best trainer's MAP with every train label.

    The best of all trainers is taken so that a weak reference never flatters a strategy.
    Finished trainings are kept in `folder` and not repeated unless what they depend on changed.
    """
    specs = {name: ComponentSpec(name=name) for name in registry().names("trainer")}
    specs[plan.config.trainer.label] = plan.config.trainer
    found = []
    for label, spec in specs.items():
        figures = [_kept(plan, spec, seed, folder.full(label, seed)) for seed in plan.seeds]
        found.append(Reference(map=_mean(figures, "map"), map50=_mean(figures, "map50")))
    return max(found, key=lambda reference: reference.map)


def _mean(figures: list[dict[str, float]], key: str) -> float:
    return float(np.mean([item[key] for item in figures]))


def _kept(plan: Plan, spec: ComponentSpec, seed: int, file: Path) -> dict[str, float]:
    """Figures of one training: those in `file` if they are of the same one, else made anew."""
    depends_on = plan.training(spec)
    if file.exists():
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept.get("depends_on") == depends_on:
            figures: dict[str, float] = kept["figures"]
            return figures
    figures = _train_on_all(plan, spec, seed)
    make_folder(file.parent)
    write_text(file, json.dumps({"figures": figures, "depends_on": depends_on}, indent=1))
    return figures


def _train_on_all(plan: Plan, spec: ComponentSpec, seed: int) -> dict[str, float]:
    pool = plan.pool
    assert pool.truth is not None  # the oracle has checked it
    train = pool.take(pool.train_positions)
    truth = np.asarray(pool.truth[pool.train_positions])
    labels = LabelState(np.zeros(len(train), np.int32), truth)
    trainer: Trainer = resolve("trainer", spec).component
    model = plan.untrained_model(train)
    trainer.fit(model, train.with_labels(labels), derive_seed(seed, 0, "train"))
    scores = evaluate(model, pool, pool.test_positions, pool.truth, plan.engine)
    return {"map": scores.map, "map50": scores.map50}
