"""`results.json`: what a run found, in a stable schema."""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from acqkit.components.explain import explain
from acqkit.components.registry import registry
from acqkit.errors import ReportError
from acqkit.metrics import area_under_curve, labels_to_reach
from acqkit.pool import PairPool

SCHEMA = 1


class PoolSummary(BaseModel):
    """What the run was on."""

    name: str
    n: int
    train: int
    test: int
    classes: int
    multilabel: bool


class Reference(BaseModel):
    """The fully supervised reference: all labels, the best of the installed trainers."""

    map: float
    map50: float


class LabelPrecision(BaseModel):
    """How often labels are right that nobody gave: micro precision on unlabeled train pairs.

    `pairs` is how many there are; at each of `coverages`, the share of them that is most
    confident, `classifier` has the precision of the labels by the model's own probabilities,
    `pseudo_labels` that of the labels by what the trainer believes of the pool, if it does.
    """

    pairs: int
    coverages: list[float]
    classifier: list[float] | None = None
    pseudo_labels: list[float] | None = None


class RoundRecord(BaseModel):
    """One round of one seed. `seconds` has train, embed, score, allocate, evaluate.

    The last round has `label_precision` where there is any. Beside these: figures that stopping
    needed, and `training`, what the trainer recorded.
    """

    model_config = ConfigDict(extra="allow")

    seed: int
    round: int
    labels: int
    map_ab: float
    map_ba: float
    map: float
    map50: float
    seconds: dict[str, float]
    picked: list[Any]
    label_precision: LabelPrecision | None = None

    def plain(self) -> dict[str, Any]:
        """The record as JSON data, without what there is none of."""
        return self.model_dump(exclude_none=True)


class Results(BaseModel):
    """A strategy's rounds on one pool over all seeds."""

    model_config = ConfigDict(populate_by_name=True)

    schema_version: int = Field(SCHEMA, alias="schema")
    versions: dict[str, str]
    pool: PoolSummary
    config: dict[str, Any]
    full: Reference | None = None
    rounds: list[RoundRecord]

    def curves(self) -> dict[int, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
        """Per seed: labels `[r]` and MAP `[r]` in the order of rounds."""
        seeds = sorted({record.seed for record in self.rounds})
        return {seed: self._curve(seed) for seed in seeds}

    def _curve(self, seed: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        own = sorted((r for r in self.rounds if r.seed == seed), key=lambda r: r.round)
        return np.array([r.labels for r in own]), np.array([r.map for r in own])

    def area(self) -> dict[int, float]:
        """Area under the MAP-budget curve per seed, as a mean MAP over the budget."""
        return {seed: area_under_curve(*curve) for seed, curve in self.curves().items()}

    def labels_to_reach(self, target: float) -> dict[int, float | None]:
        """Labels at which each seed's MAP first reaches `target`; None where it never does."""
        return {seed: labels_to_reach(*curve, target) for seed, curve in self.curves().items()}

    def write(self, path: Path) -> None:
        """Write as JSON; a reader never sees half a file."""
        text = self.model_dump_json(by_alias=True, exclude_none=True, indent=1)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read what `write` wrote; raises ReportError naming the file and what is wrong."""
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ReportError(f"{path} is missing: run `acqkit run --out` first") from None
        except ValidationError as error:
            raise ReportError(f"{path}: {explain(error, cls)}") from None


def summarize(pool: PairPool) -> PoolSummary:
    """The pool's figures for `results.json`."""
    return PoolSummary(
        name=pool.name,
        n=len(pool),
        train=len(pool.train_positions),
        test=len(pool.test_positions),
        classes=len(pool.class_names),
        multilabel=pool.multilabel,
    )


def versions() -> dict[str, str]:
    """Versions of acqkit, of every plugin distribution, and of what they compute with."""
    plugins = {component.distribution for component in registry().components.values()}
    names = {"acqkit", "numpy", "torch", *plugins}
    return {name: metadata.version(name) for name in sorted(names)}
