"""Two commits' outcomes beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Outcomes = Mapping[str, Mapping[str, list[Any]]]
TOLERANCE = 1e-9
"""Largest difference of a MAP; picks and their order must be the same."""
SCORE_TOLERANCE = 1e-5
"""Largest difference of a score, relative to the largest: they are float32."""


def differences(before: Outcomes, after: Outcomes) -> dict[str, str]:
    """What differs, one sentence a case; empty where both commits do the same.

    A case that only `after` has is new and not compared.
    """
    found = {name: _difference(outcome, after.get(name)) for name, outcome in before.items()}
    return {name: text for name, text in found.items() if text}


def _difference(before: Mapping[str, Any], after: Mapping[str, Any] | None) -> str:
    if after is None:
        return "is not run any more"
    for outcome, when in ((before, "before"), (after, "now")):
        if "error" in outcome:
            return f"failed {when}: {outcome['error'][0].strip().splitlines()[-1]}"
    for number, (old, new) in enumerate(zip(before["picks"], after["picks"], strict=True)):
        if old != new:
            missing = len(set(old) - set(new))
            what = f"{missing} of {len(old)} picks differ" if missing else "the order differs"
            return f"round {number}: {what}"
    if "map" in before:
        apart = float(np.abs(np.array(before["map"]) - np.array(after["map"])).max())
        if not apart <= TOLERANCE:
            return f"MAP differs by {apart:.2e}"
    return _scores(before.get("scores", []), after.get("scores", []))


def _scores(before: list[Any], after: list[Any]) -> str:
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        if len(old) != len(new):
            return f"batch {number}: {len(old)} scores before, {len(new)} now"
        if old and not np.allclose(old, new, rtol=0, atol=SCORE_TOLERANCE * np.abs(old).max()):
            return f"batch {number}: scores differ by {np.abs(np.subtract(old, new)).max():.2e}"
    return ""
