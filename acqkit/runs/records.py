"""`results.json`: what a run found, in a stable schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from acqkit.components.explain import explain
from acqkit.errors import CampaignError, ReportError
from acqkit.files import write_text
from acqkit.metrics import STANDARD, area_under_curve, labels_to_reach
from acqkit.runs.checks import (
    Count,
    Figure,
    Seconds,
    Share,
    check_config,
    check_precision,
    check_retrieval,
    check_rounds,
)

SCHEMA: Literal[1] = 1

PHASES = ("train", "embed", "score", "allocate", "evaluate")
"""The parts of a round whose seconds are counted."""


HEADLINES = ("map", "map50", "map_ab", "map_ba")
"""Metrics that a round has under keys of its own, too."""


class MetricFacts(BaseModel):
    """What people are told of a metric."""

    title: str
    higher_is_better: bool = True

    @classmethod
    def of(cls, name: str, factory: type, modalities: tuple[str, str] = ("a", "b")) -> MetricFacts:
        """What the class of a metric says of it, with the modalities by name."""
        title = str(getattr(factory, "title", name))
        for side, modality in zip(("{a}", "{b}"), modalities, strict=True):
            title = title.replace(side, modality)
        better = bool(getattr(factory, "higher_is_better", True))
        return cls(title=title, higher_is_better=better)


class PoolSummary(BaseModel):
    """What the run was on, in pairs.

    `labeled_train` and `labeled_test` are of a partly labeled pool: how many pairs of each part
    may be asked for and evaluated on. Where all are labeled they are left out.
    """

    name: str
    n: Count
    train: Count
    test: Count
    classes: Count
    multilabel: bool
    labeled_train: Count | None = None
    labeled_test: Count | None = None


class Measured(BaseModel):
    """Metrics by name; what was written before there was a mapping has the headlines alone."""

    metrics: dict[str, Figure] = {}

    @model_validator(mode="before")
    @classmethod
    def _from_headlines(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or "metrics" in data:
            return data
        return {**data, "metrics": {name: data[name] for name in HEADLINES if name in data}}

    @model_validator(mode="after")
    def _headlines_are_among_them(self) -> Self:
        for name in HEADLINES:
            beside = getattr(self, name, None)
            if beside is not None and self.metrics.get(name) != beside:
                raise ValueError(f"metrics has {name} {self.metrics.get(name)}, beside it {beside}")
        return self


class Reference(Measured):
    """The fully supervised reference: all labels, the best of the installed trainers."""

    map: Share
    map50: Share


class LabelPrecision(BaseModel):
    """Precision of predicted labels on the unlabeled train pairs, micro-averaged.

    `pairs` counts them. `coverages` are shares of them, the most confident first; at each of
    these, `classifier` has the precision of the labels predicted from the model's class
    probabilities, and `pseudo_labels` that of the trainer's pseudo-labels, where it makes some.
    """

    pairs: Count
    coverages: list[Share]
    classifier: list[Share] | None = None
    pseudo_labels: list[Share] | None = None


class Retrieved(BaseModel):
    """One query by its id, what was found for it, the best first, and which of that is right."""

    query: Any
    found: list[Any]
    right: list[bool]


class Retrieval(BaseModel):
    """A few of the evaluated pairs as queries in both directions; right is what shares a label."""

    ab: list[Retrieved]
    ba: list[Retrieved]


class RoundRecord(Measured):
    """One round of one seed: labels in all, metrics on the test pairs, seconds by `PHASES`, picks.

    `label_precision` is measured after the last round alone, `retrieval` shown of the first and
    the last. Beside these: figures that the
    stopping rule needed, and `training`, what the trainer recorded.
    """

    model_config = ConfigDict(extra="allow")

    seed: Count
    round: Count
    labels: Count
    map_ab: Share
    map_ba: Share
    map: Share
    map50: Share
    seconds: dict[str, Seconds]
    picked: list[Any]
    label_precision: Annotated[LabelPrecision, AfterValidator(check_precision)] | None = None
    retrieval: Annotated[Retrieval, AfterValidator(check_retrieval)] | None = None

    def plain(self) -> dict[str, Any]:
        """The record as JSON data, without what there is none of."""
        return self.model_dump(exclude_none=True)


class Results(BaseModel):
    """A strategy's rounds on one pool over all seeds.

    `metrics` says what those measured are, `ended` by seed why there is no further round.
    """

    model_config = ConfigDict(populate_by_name=True)

    schema_version: Literal[1] = Field(SCHEMA, alias="schema")
    versions: dict[str, str]
    pool: PoolSummary
    config: Annotated[dict[str, Any], AfterValidator(check_config)]
    metrics: dict[str, MetricFacts] = Field(
        default_factory=lambda: {name: MetricFacts.of(name, STANDARD[name]) for name in HEADLINES}
    )
    full: Reference | None = None
    rounds: Annotated[list[RoundRecord], AfterValidator(check_rounds)]
    ended: dict[int, str] = {}

    def curves(self) -> dict[int, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
        """Per seed: labels `[r]` and MAP `[r]` in the order of rounds."""
        seeds = sorted({record.seed for record in self.rounds})
        return {seed: self._curve(seed) for seed in seeds}

    def _curve(self, seed: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        own = sorted((r for r in self.rounds if r.seed == seed), key=lambda r: r.round)
        return np.array([r.labels for r in own]), np.array([r.map for r in own])

    def endings(self) -> list[str]:
        """Why runs ended, one sentence a reason with its seeds."""
        seeds: dict[str, list[int]] = {}
        for seed, reason in self.ended.items():
            seeds.setdefault(reason, []).append(seed)
        return [
            f"{reason} ({'seed' if len(own) == 1 else 'seeds'} {', '.join(map(str, own))})"
            for reason, own in seeds.items()
        ]

    def final(self) -> dict[str, float]:
        """Every metric in the last round of each seed, mean over seeds that all measured it.

        In the unit of the metric: the built-in ones are from 0 to 1.
        """
        last = {record.seed: record for record in sorted(self.rounds, key=lambda r: r.round)}
        found = [record.metrics for record in last.values()]
        names = [name for name in found[0] if all(name in own for own in found)]
        return {name: float(np.mean([own[name] for own in found])) for name in names}

    def area(self) -> dict[int, float]:
        """Area under the MAP-budget curve per seed, as a mean MAP over the budget, from 0 to 1."""
        return {seed: area_under_curve(*curve) for seed, curve in self.curves().items()}

    def labels_to_reach(self, target: float) -> dict[int, float | None]:
        """Labels at which each seed's MAP first reaches `target`; None where it never does.

        A target is from 0 to 1. Between two rounds MAP counts as a straight line, so they may
        be no whole number.
        """
        return {seed: labels_to_reach(*curve, target) for seed, curve in self.curves().items()}

    def write(self, path: Path) -> None:
        """Write as JSON, whole or not at all."""
        write_text(path, self.model_dump_json(by_alias=True, exclude_none=True, indent=1))

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read what `write` wrote; raises ReportError naming the file and what is wrong."""
        try:
            return cls.model_validate_json(path.read_bytes(), strict=True)
        except OSError as error:
            raise ReportError(
                f"{path} cannot be read: {error.strerror}; run `acqkit run --out` first"
            ) from None
        except ValidationError as error:
            raise ReportError(f"{path} is damaged: {explain(error, cls)}") from None


def read_rounds(stored: Iterable[Mapping[str, Any]], where: Path) -> list[RoundRecord]:
    """Rounds as a campaign kept them; raises CampaignError naming the one that is damaged."""
    found = []
    for number, item in enumerate(stored):
        try:
            found.append(RoundRecord.model_validate(item))
        except ValidationError as error:
            reason = explain(error, RoundRecord)
            raise CampaignError(f"round {number} in {where} is damaged: {reason}") from None
    return found


def drop_between(records: Sequence[RoundRecord]) -> list[RoundRecord]:
    """One seed's rounds, `label_precision` in the last alone, `retrieval` in the first and last.

    A run that was extended has them at what was its last round before, too.
    """
    first = [record.model_copy(update={"label_precision": None}) for record in records[:1]]
    nothing = {"label_precision": None, "retrieval": None}
    between = [record.model_copy(update=nothing) for record in records[1:-1]]
    return [*first, *between, *records[-1:]] if len(records) > 1 else list(records)
