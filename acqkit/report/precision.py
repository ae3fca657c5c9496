"""Precision of pseudo-labels and of the classifier's labels, in words and as lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from acqkit.report.data import Precision, Run
from acqkit.report.figures import Estimate

HALF = 0.5


def precision_sentence(runs: Sequence[Run]) -> str:
    """The precision of the more confident half, of the first run with pseudo-labels or any.

    Empty where no run has any labels but those that were given.
    """
    measured = [run for run in runs if run.precision is not None]
    run = next((run for run in measured if run.precision and run.precision.pseudo_labels), None)
    run = run or next(iter(measured), None)
    if run is None or run.precision is None or HALF not in run.precision.coverages:
        return ""
    at = run.precision.coverages.index(HALF)
    name = f"With {run.name}, the" if len(runs) > 1 else "The"
    half = {
        kind: f"{Estimate.of([row[at] for row in rows]).mean:.1%}"
        for kind, rows in _kinds(run.precision).items()
        if rows
    }
    if "pseudo_labels" not in half:
        return (
            f"{name} most confident half of the classifier’s labels is {half['classifier']} right."
        )
    beside = f" (classifier {half['classifier']})" if "classifier" in half else ""
    return (
        f"{name} most confident half of the pseudo-labels is {half['pseudo_labels']} right{beside}."
    )


def precision_lines(precision: Precision) -> dict[str, Any]:
    """Per kind of label the mean over seeds and its standard error, a value a coverage."""
    lines: dict[str, Any] = {"coverages": precision.coverages}
    for kind, rows in _kinds(precision).items():
        columns = [Estimate.of(column) for column in zip(*rows, strict=True)]
        lines[kind] = {
            "mean": [round(one.mean, 5) for one in columns],
            "error": [round(one.error or 0.0, 5) for one in columns],
            "seeds": len(rows),
        }
    return lines


def _kinds(precision: Precision) -> dict[str, list[list[float]]]:
    return {"pseudo_labels": precision.pseudo_labels, "classifier": precision.classifier}
