"""Key figures of runs: means over seeds with standard errors, and paired comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from acqkit.metrics import area_under_curve, labels_to_reach
from acqkit.report.data import Figures, Run

BASELINE = "random"
SHARE_OF_FULL = 0.95


@dataclass(frozen=True)
class Estimate:
    """Mean over seeds; `error` is the standard error, None for a single seed."""

    mean: float
    error: float | None
    seeds: int

    @classmethod
    def of(cls, values: Sequence[float] | NDArray[np.float64]) -> Estimate:
        """Mean and standard error of one value a seed, at least one."""
        n = len(values)
        error = float(np.std(values, ddof=1) / np.sqrt(n)) if n > 1 else None
        return cls(float(np.mean(values)), error, n)

    def is_clear(self, comparisons: int = 1) -> bool:
        """Whether a mean difference is told from 0: t test at 5%, two-sided.

        comparisons: how many were made, of which this is the most striking (Bonferroni).
        """
        if self.error is None:
            return False
        return abs(self.mean) > self.error * float(t.ppf(1 - 0.025 / comparisons, self.seeds - 1))


@dataclass(frozen=True)
class CurvePoint:
    """A round: mean labels, the metric's mean and spread, and its value by seed."""

    round: int
    labels: float
    value: Estimate
    by_seed: dict[int, float]


def curve(run: Run, metric: str = "map") -> list[CurvePoint]:
    """A metric over the budget, in the rounds in which every seed has measured it.

    A round that only some seeds have would bend the mean when the others drop out of it.
    """
    by_round: dict[int, list[Figures]] = {}
    for figure in run.figures:
        by_round.setdefault(figure.round, []).append(figure)
    seeds = len({figure.seed for figure in run.figures})
    points = []
    for round, figures in sorted(by_round.items()):
        values = {f.seed: f.metrics[metric] for f in figures if metric in f.metrics}
        if len(values) == seeds:
            labels = float(np.mean([f.labels for f in figures]))
            points.append(CurvePoint(round, labels, Estimate.of(list(values.values())), values))
    return points


def areas(run: Run, last: int | None = None) -> dict[int, float]:
    """Area under each seed's MAP-budget curve up to the round `last`.

    By default up to the last round that every seed has reached.
    """
    last = curve(run)[-1].round if last is None else last
    found = {}
    for seed in sorted({figure.seed for figure in run.figures}):
        own = sorted((f for f in run.figures if f.seed == seed), key=lambda f: f.round)
        own = [f for f in own if f.round <= last]
        found[seed] = area_under_curve([f.labels for f in own], [f.metrics["map"] for f in own])
    return found


def gain(run: Run) -> Estimate:
    """What the labels brought: MAP of the last round less that of the first, paired over seeds."""
    points = curve(run)
    first, last = points[0].by_seed, points[-1].by_seed
    return Estimate.of([last[seed] - first[seed] for seed in last])


@dataclass(frozen=True)
class Comparison:
    """A run beside another, paired over the seeds that both have.

    `labels` at which the mean curve first reaches the other's last mean MAP (None: never),
    `needed` those at which the other does. `area` is the difference of areas over the
    rounds that both have, and `wins` counts the seeds in which it is above 0.
    """

    labels: float | None
    needed: float
    at_start: bool
    area: Estimate | None
    wins: int

    @property
    def ratio(self) -> float | None:
        """Labels needed for each label that the other needed."""
        return None if self.labels is None else self.labels / max(self.needed, 1.0)


@dataclass(frozen=True)
class KeyFigures:
    """One row of the table at the top."""

    name: str
    labels: float
    final: Estimate
    final50: Estimate
    area: Estimate
    to_share_of_full: float | None
    against: Comparison | None
    seconds: float


def baseline_of(runs: Sequence[Run]) -> Run | None:
    """The run to compare with: `random` if it is there among others."""
    named = [run for run in runs if run.name.split(" · ")[0] == BASELINE]
    return named[0] if named and len(runs) > 1 else None


def key_figures(run: Run, baseline: Run | None) -> KeyFigures:
    """The figures of one run; `baseline` is what it is compared with."""
    points, points50 = curve(run), curve(run, "map50")
    reached = None
    if run.full is not None:
        reached = _labels_to_reach(points, SHARE_OF_FULL * run.full.map)
    seeds = len({figure.seed for figure in run.figures})
    return KeyFigures(
        name=run.name,
        labels=points[-1].labels,
        final=points[-1].value,
        final50=points50[-1].value,
        area=Estimate.of(list(areas(run).values())),
        to_share_of_full=reached,
        against=None if baseline is None or baseline is run else compare(run, baseline),
        seconds=sum(sum(figure.seconds.values()) for figure in run.figures) / seeds,
    )


def _labels_to_reach(points: Sequence[CurvePoint], target: float) -> float | None:
    return labels_to_reach([p.labels for p in points], [p.value.mean for p in points], target)


def compare(run: Run, other: Run) -> Comparison:
    """A run beside another one."""
    points, reference = curve(run), curve(other)
    target = reference[-1].value.mean
    labels = _labels_to_reach(points, target)
    # The other may have been as good before; that must not make it look worse than it is.
    needed = _labels_to_reach(reference, target)
    assert needed is not None  # a curve reaches its own last value
    last = min(points[-1].round, reference[-1].round)
    own, theirs = areas(run, last), areas(other, last)
    differences = [own[seed] - theirs[seed] for seed in own if seed in theirs]
    return Comparison(
        labels=labels,
        needed=needed,
        at_start=labels is not None and labels == points[0].labels,
        area=Estimate.of(differences) if differences else None,
        wins=sum(difference > 0 for difference in differences),
    )
