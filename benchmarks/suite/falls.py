"""Do labels ever harm? The metric by budget beside the model without any label."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from acqkit.report.figures import Estimate
from suite.study import Study
from suite.tables import NOTHING, TableText, estimate

_LEAST_ERROR = 1e-12
"""Least standard error that is divided by: two seeds may agree to the last digit."""


def gains(study: Study, rival: str, setting: str) -> dict[int, Estimate]:
    """What labels bring over none, by budget: means ± standard errors, paired over seeds.

    Of the curves that begin without a label, up to the last budget that all of them have.
    """
    own = [curve for curve in study.of(rival, setting).values() if curve.labels[:1] == (0,)]
    if not own:
        return {}
    shared = set.intersection(*(set(curve.labels) for curve in own)) - {0}
    by_seed = [dict(zip(curve.labels, curve.values, strict=True)) for curve in own]
    return {
        labels: Estimate.of([values[labels] - values[0] for values in by_seed])
        for labels in sorted(shared)
    }


def largest_fall(found: dict[int, Estimate]) -> tuple[int, Estimate] | None:
    """The budget at which the metric lies furthest below that without labels, and the gain there.

    Measured in standard errors; with a single seed, which has none, in the metric itself. None
    where no mean lies below.
    """
    below = [(labels, gain) for labels, gain in found.items() if gain.mean < 0]
    return max(below, key=lambda item: _depth(item[1])) if below else None


def _depth(gain: Estimate) -> float:
    return -gain.mean if gain.error is None else -gain.mean / max(gain.error, _LEAST_ERROR)


def fall_tables(study: Study, order: list[str]) -> Iterator[TableText]:
    """The largest fall of each rival in each setting, then one table a setting by budget.

    Nothing where no curve begins without labels and goes on with some.
    """
    found = {(r, s): gains(study, r, s) for r in order for s in study.settings}
    settings = [s for s in study.settings if any(found[r, s] for r in order)]
    if not settings:
        return
    yield _summary(study, order, settings, found)
    for setting in settings:
        yield _by_budget(study, order, setting, found)


def _summary(
    study: Study,
    order: list[str],
    settings: list[str],
    found: dict[tuple[str, str], dict[int, Estimate]],
) -> TableText:
    rows, clear = [], set()
    for i, rival in enumerate(order):
        cells = []
        for j, setting in enumerate(settings, start=1):
            fall = largest_fall(found[rival, setting])
            cells.append(_fall(fall) if fall else "none" if found[rival, setting] else NOTHING)
            if fall and fall[1].error is not None and _depth(fall[1]) > 1:
                clear.add((i, j))
        rows.append([rival, *cells])
    return TableText(
        "Falls below no labels",
        f"Where a mean {study.metric} with labels lies furthest below that of the same trainer "
        f"without any, in standard errors of the difference, paired over seeds; bold where by more "
        f"than one; none where it is nowhere below.",
        [study.what.capitalize(), *settings],
        rows,
        clear,
    )


def _fall(fall: tuple[int, Estimate]) -> str:
    labels, gain = fall
    depth = "" if gain.error is None else f" ({_depth(gain):.1f} SE)"
    return f"{estimate(gain, sign=True)} at {labels:,}{depth}"


def _by_budget(
    study: Study,
    order: list[str],
    setting: str,
    found: dict[tuple[str, str], dict[int, Estimate]],
) -> TableText:
    budgets = sorted({labels for rival in order for labels in found[rival, setting]})
    rows = []
    for rival in order:
        curves = study.of(rival, setting).values()
        cells = []
        for labels in [0, *budgets]:
            values = [c.values[c.labels.index(labels)] for c in curves if labels in c.labels]
            complete = len(values) == len(curves) and values
            cells.append(estimate(Estimate.of(np.array(values))) if complete else NOTHING)
        rows.append([rival, *cells])
    return TableText(
        f"{study.metric} by labels: {setting}",
        "Mean ± standard error over seeds.",
        [study.what.capitalize(), *(f"{labels:,}" for labels in [0, *budgets])],
        rows,
    )
