"""Figures of a MAP-budget curve: MAP over the number of labels, round by round."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acqkit.errors import ReportError


def area_under_curve(labels: ArrayLike, map: ArrayLike) -> float:
    """Area under the MAP-budget curve divided by its range of labels: a mean MAP.

    labels `[r]` ascending, map `[r]`; trapezoids between the rounds. A curve without a
    range (one round, or no label added) has its mean MAP.

    Raises ReportError for an empty curve, lengths that differ, values that are not finite or
    labels that go down.
    """
    x, y = _curve(labels, map)
    span = x[-1] - x[0]
    if span == 0:
        return float(y.mean())
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2) / span)


def labels_to_reach(labels: ArrayLike, map: ArrayLike, target: float) -> float | None:
    """Labels at which the curve first reaches `target`, None where it never does.

    labels `[r]` ascending, map `[r]`; linear interpolation between the two rounds of the
    first crossing. A curve that starts at or above the target gives its first `labels`.

    Raises ReportError as `area_under_curve` does.
    """
    x, y = _curve(labels, map)
    reached = np.flatnonzero(y >= target)
    if not len(reached):
        return None
    after = int(reached[0])
    if after == 0:
        return float(x[0])
    before = after - 1
    share = (target - y[before]) / (y[after] - y[before])
    return float(x[before] + share * (x[after] - x[before]))


def share_of_label_gain(map: float, map0: float, map_full: float) -> float:
    """(MAP - MAP0) / (MAP_full - MAP0): how much of what labels can give has been had.

    map0 is of the same trainer without any label, map_full of the fully supervised
    reference, all from 0 to 1. The result is below 0 where labels made it worse, above 1 where
    it beats the reference.

    Raises ReportError when the reference is not better than no label at all.
    """
    if not map_full > map0:
        raise ReportError(
            f"the share of the label gain needs a fully supervised MAP above the MAP without "
            f"labels, got {map_full:.4f} and {map0:.4f}; look at the training of the reference"
        )
    return (map - map0) / (map_full - map0)


def _curve(labels: ArrayLike, map: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    x, y = np.asarray(labels, dtype=np.float64), np.asarray(map, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or not len(x):
        raise ReportError(
            f"a MAP-budget curve needs labels [r] and map [r] of one length of at least 1, got "
            f"{x.shape} and {y.shape}"
        )
    for name, values in (("labels", x), ("map", y)):
        if not np.isfinite(values).all():
            row = int(np.argmin(np.isfinite(values)))
            raise ReportError(f"{name} of a MAP-budget curve is {values[row]} in row {row}")
    if np.any(np.diff(x) < 0):
        row = int(np.argmax(np.diff(x) < 0)) + 1
        raise ReportError(
            f"labels of a MAP-budget curve go down from {x[row - 1]:g} to {x[row]:g} in row "
            f"{row}; sort the rounds first"
        )
    return x, y
