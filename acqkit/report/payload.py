"""What the charts draw, as JSON that is safe inside a `<script>` element."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from acqkit.report.data import ClassFacts, Coverage, ReportData, Run
from acqkit.report.figures import SHARE_OF_FULL, baseline_of, curve
from acqkit.report.precision import precision_lines
from acqkit.runs import PHASES

MOST_CLASSES = 80
COLORS = 7
"""Colors for strategies in `style.css`, besides the gray one of the baseline."""

_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def script_json(value: Any) -> str:
    """JSON in which nothing ends the script or starts a comment, whatever the data says."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escape in _UNSAFE.items():
        text = text.replace(character, escape)
    return text


def colors(runs: list[Run]) -> list[str]:
    """A CSS color variable per run: gray for the baseline, the others in order."""
    names: list[str] = []
    index = 0
    baseline = baseline_of(runs)
    for run in runs:
        if run is baseline:
            names.append("--strategy-baseline")
        else:
            names.append(f"--strategy-{index % COLORS}")
            index += 1
    return names


def payload(data: ReportData) -> dict[str, Any]:
    """Everything that the page's script reads."""
    modalities = list(data.pool.modalities)
    return {
        "modalities": modalities,
        "train": data.pool.asked,
        "runs": [
            _run(run, color, data) for run, color in zip(data.runs, colors(data.runs), strict=True)
        ],
        "metrics": {name: facts.model_dump() for name, facts in data.metrics.items()},
        "phases": list(PHASES),
        "share": SHARE_OF_FULL,
        "classes": None if data.classes is None else _classes(data.classes),
        "map": None if data.map is None else data.map.model_dump(),
        "media": data.media,
    }


def _run(run: Run, color: str, data: ReportData) -> dict[str, Any]:
    coverage = None
    if run.coverage is not None and data.classes is not None:
        coverage = _coverage(run.coverage, data.classes)
    return {
        "name": run.name,
        "color": color,
        "full": None if run.full is None else run.full.model_dump(),
        "curves": {metric: _curve(run, metric) for metric in data.metrics},
        "seconds": _seconds(run),
        "coverage": coverage,
        "precision": None if run.precision is None else precision_lines(run.precision),
    }


def _curve(run: Run, metric: str) -> dict[str, Any]:
    points = curve(run, metric)
    seeds = sorted({figure.seed for figure in run.figures})
    return {
        "round": [point.round for point in points],
        "labels": [round(point.labels, 2) for point in points],
        "mean": [round(point.value.mean, 5) for point in points],
        "error": [round(point.value.error or 0.0, 5) for point in points],
        "seeds": seeds,
        "values": [[round(point.by_seed[seed], 5) for point in points] for seed in seeds],
    }


def _seconds(run: Run) -> dict[str, list[float]]:
    """Mean seconds over seeds, by phase, a value a round."""
    rounds = [point.round for point in curve(run)]
    return {
        phase: [
            round(
                float(np.mean([f.seconds.get(phase, 0.0) for f in run.figures if f.round == r])), 4
            )
            for r in rounds
        ]
        for phase in PHASES
    }


def _order(classes: ClassFacts) -> list[int]:
    return sorted(range(len(classes.names)), key=lambda c: (-classes.counts[c], classes.names[c]))


def _classes(classes: ClassFacts) -> dict[str, Any]:
    """The most frequent classes first; beyond `MOST_CLASSES` they are summed up."""
    order = _order(classes)
    names = [classes.names[c] for c in order[:MOST_CLASSES]]
    counts = [classes.counts[c] for c in order[:MOST_CLASSES]]
    if rest := order[MOST_CLASSES:]:
        names.append(f"{len(rest)} rarer classes")
        counts.append(sum(classes.counts[c] for c in rest))
    return {"names": names, "counts": counts}


def _coverage(coverage: Coverage, classes: ClassFacts) -> dict[str, Any]:
    counts = np.array(coverage.counts, dtype=np.float64).reshape(len(coverage.rounds), -1)
    ordered = counts[:, _order(classes)]
    shown = ordered[:, :MOST_CLASSES]
    if ordered.shape[1] > MOST_CLASSES:
        shown = np.column_stack([shown, ordered[:, MOST_CLASSES:].sum(axis=1)])
    return {
        "rounds": coverage.rounds,
        "picked": coverage.picked,
        "counts": np.round(shown, 3).tolist(),
        "seen": round(coverage.seen, 1),
        "there": sum(count > 0 for count in classes.counts),
    }
