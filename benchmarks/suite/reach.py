"""How many labels a rival needs for what the reference needs many for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acqkit.metrics import labels_to_reach
from suite.study import Curve, Study

SHARE_OF_FULL = 0.95
FAR = 0.4
"""A target that the reference reaches beyond this share of the labels is out of a study's range."""

NEAR = 0.2
"""Up to which share of the labels the reference's own MAP is the target instead."""

PENALTY = 2
"""A target that is never reached counts as reached at this many times the last budget."""

_EPSILON = 1e-9


@dataclass(frozen=True)
class Target:
    """A value to reach in one setting, how it was chosen, and what the reference needs for it."""

    value: float
    rule: str
    needed: float


@dataclass(frozen=True)
class Reached:
    """Labels at which a rival's mean curve reaches the target; `never`: a stated penalty."""

    labels: float
    never: bool
    ratio: float


def find_target(study: Study, setting: str) -> Target | None:
    """The target of a setting; None where there is none that labels are needed for.

    95% of the fully supervised MAP; where the reference reaches that beyond 40% of the train
    labels or never (or without any), its own MAP at the last budget up to 20% of them. With
    `reached_by` "any" it is enough that one of the rivals reaches it, with labels, in the suite.
    """
    own = study.of(study.reference, setting)
    if not own:
        return None
    labels, values = mean_curve(own)
    pairs = next(iter(own.values())).pairs
    if setting in study.full:
        target = SHARE_OF_FULL * study.full[setting]
        needed = labels_to_reach(labels, values, target)
        in_range = needed is not None and 0 < needed <= FAR * pairs
        if in_range or (study.reached_by == "any" and _somebody_reaches(study, setting, target)):
            rule = f"{SHARE_OF_FULL:.0%} of the fully supervised {study.metric}"
            return Target(target, rule, PENALTY * labels[-1] if needed is None else needed)
    labeled = [i for i, x in enumerate(labels) if x > 0]
    last = max((i for i in labeled if labels[i] <= NEAR * pairs), default=labeled[0])
    # The mean curve may have been as high before: then that is what the reference needs.
    needed = labels_to_reach(labels, values, values[last])
    assert needed is not None  # a curve reaches its own values
    if needed == 0:
        return None
    rule = f"{study.reference}’s own {study.metric} at {labels[last]:,.0f} labels"
    return Target(values[last], rule, needed)


def _somebody_reaches(study: Study, setting: str, target: float) -> bool:
    curves = [mean_curve(own) for rival in study.rivals if (own := study.of(rival, setting))]
    found = [labels_to_reach(labels, values, target) for labels, values in curves]
    return any(needed is not None and needed > 0 for needed in found)


def reached(study: Study, rival: str, setting: str, target: Target) -> Reached | None:
    """What a rival needs for the target; None where it has no curve in the setting."""
    own = study.of(rival, setting)
    if not own:
        return None
    labels, values = mean_curve(own)
    found = labels_to_reach(labels, values, target.value - _EPSILON)
    needed = PENALTY * labels[-1] if found is None else found
    # A curve that starts at the target needs no label, but a ratio needs one.
    return Reached(needed, found is None, max(needed, 1.0) / max(target.needed, 1.0))


def geometric_mean(ratios: list[float]) -> float | None:
    """Of at least one ratio."""
    return float(np.exp(np.mean(np.log(ratios)))) if ratios else None


def mean_curve(curves: dict[int, Curve]) -> tuple[list[float], list[float]]:
    """Labels and mean metric over the rounds that all seeds have."""
    rounds = min(len(curve.labels) for curve in curves.values())
    labels = np.array([curve.labels[:rounds] for curve in curves.values()], dtype=float)
    values = np.array([curve.values[:rounds] for curve in curves.values()])
    return labels.mean(axis=0).tolist(), values.mean(axis=0).tolist()
