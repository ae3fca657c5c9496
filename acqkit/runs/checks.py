"""What the figures of a run can be; anything else in a file is damage and no result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from acqkit.components.spec import ComponentSpec

if TYPE_CHECKING:
    from acqkit.runs.records import LabelPrecision, Retrieval, RoundRecord

Count = Annotated[int, Field(ge=0, lt=2**53)]
"""A number of something, or of a seed or round; every reader of JSON has it exactly."""

Share = Annotated[float, Field(ge=0, le=1 + 1e-6)]
"""A mean of what is 1 at most, which may have been rounded up."""

Figure = Annotated[float, Field(gt=-1e15, lt=1e15)]
"""What some metric measured; means and differences of such stay finite."""

Seconds = Annotated[float, Field(ge=0, lt=1e9)]
"""Thirty years at most, so that sums stay finite."""


_COMPONENTS = ("pool", "strategy", "trainer")


def check_config(config: dict[str, Any]) -> dict[str, Any]:
    """Raise ValueError unless pool, strategy, trainer and whatever has a name are components."""
    for key in _COMPONENTS:
        if key not in config:
            raise ValueError(f"has no {key!r}; the run that wrote it knew one")
    for key, value in config.items():
        if key in _COMPONENTS or (isinstance(value, dict) and "name" in value):
            ComponentSpec.model_validate(value)
    return config


def check_precision(precision: LabelPrecision) -> LabelPrecision:
    """Raise ValueError unless there is a precision at each coverage."""
    kinds = [each for each in (precision.classifier, precision.pseudo_labels) if each is not None]
    if not kinds or any(len(each) != len(precision.coverages) for each in kinds):
        raise ValueError(f"wanted {len(precision.coverages)} values, one a coverage")
    return precision


def check_retrieval(retrieval: Retrieval) -> Retrieval:
    """Raise ValueError unless each match is marked."""
    for each in (*retrieval.ab, *retrieval.ba):
        if len(each.found) != len(each.right):
            raise ValueError(f"wanted {len(each.found)} marks, one a match, got {len(each.right)}")
    return retrieval


def check_rounds(rounds: list[RoundRecord]) -> list[RoundRecord]:
    """Raise ValueError unless each seed has its rounds from 0 on, each once, with rising labels.

    Precisions of labels must be at the same coverages.
    """
    for seed in {record.seed for record in rounds}:
        own = sorted((r for r in rounds if r.seed == seed), key=lambda r: r.round)
        found = [record.round for record in own]
        if found != list(range(len(own))):
            raise ValueError(f"seed {seed} has the rounds {found[:20]}, wanted each once from 0 on")
        labels = [record.labels for record in own]
        if labels != sorted(labels):
            raise ValueError(f"the labels of seed {seed} go down: {labels[:20]}")
    coverages = [r.label_precision.coverages for r in rounds if r.label_precision is not None]
    if any(each != coverages[0] for each in coverages):
        raise ValueError("precisions of labels are at different coverages")
    return rounds
