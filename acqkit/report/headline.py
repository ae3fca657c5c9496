"""The result in words, with the caveats that belong to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from acqkit.report.data import Run
from acqkit.report.figures import (
    SHARE_OF_FULL,
    Comparison,
    Estimate,
    KeyFigures,
    baseline_of,
    compare,
    curve,
    gain,
    key_figures,
)

_FEW_SEEDS = 5
"""Fewer say little: with two, a difference must be 13 standard errors to be told from noise."""


@dataclass(frozen=True)
class Headline:
    """One sentence that says no more than the figures allow, and what belongs to it."""

    text: str
    remarks: list[str]


def headline(runs: Sequence[Run]) -> Headline:
    """What the runs found, in words.

    The strategy with the largest area is spoken of, beside `random` or the runner-up. A
    difference is called one only where it is told from noise.
    """
    baseline = baseline_of(runs)
    figures = {run.name: key_figures(run, baseline) for run in runs}
    rivals = sorted(
        (run for run in runs if run is not baseline), key=lambda r: -figures[r.name].area.mean
    )
    best = rivals[0]
    other = baseline or next(iter(rivals[1:]), None)
    sentences = []
    if (fallen := _fallen(best)) or other is None:
        sentences.append(fallen or _risen(best))
    if other is not None:
        comparison = compare(best, other)
        sentences += _versus(figures[best.name], figures[other.name], comparison, len(rivals))
    sentences += _beside_full(best, figures[best.name])
    sentences += [_fallen(run) for run in runs if run is not best]
    return Headline(sentences[0], [*filter(None, sentences[1:]), *_caveats(runs)])


def _risen(run: Run) -> str:
    first, last, change = curve(run)[0], curve(run)[-1], gain(run)
    span = (
        f"from {first.value.mean:.3f} with {first.labels:,.0f} labels to {last.value.mean:.3f} "
        f"with {last.labels:,.0f}"
    )
    if change.error is None or change.is_clear():
        return f"{run.name} takes MAP {span}."
    return f"{run.name}: MAP goes {span}, which is within the noise of {change.seeds} seeds."


def _fallen(run: Run) -> str:
    """That more labels made MAP worse, or an empty sentence."""
    first, last, change = curve(run)[0], curve(run)[-1], gain(run)
    if change.mean >= 0:
        return ""
    what = "Labels made MAP worse" if change.is_clear() else "Labels did not raise MAP"
    return (
        f"{what} with {run.name}: {first.value.mean:.3f} with {first.labels:,.0f} labels, "
        f"{last.value.mean:.3f} with {last.labels:,.0f}."
    )


def _versus(best: KeyFigures, other: KeyFigures, comparison: Comparison, rivals: int) -> list[str]:
    """The comparison in a sentence, and the paired figures that it rests on."""
    area = comparison.area
    if area is None:
        return [f"{best.name} and {other.name} have no seed in common to be compared over."]
    paired = (
        f"Paired over {area.seeds} seeds, the difference in mean MAP along the curve is "
        f"{signed(area.mean)} ± {area.error or 0.0:.3f}, above zero in "
        f"{'all' if comparison.wins == area.seeds else comparison.wins} of them."
    )
    if not area.is_clear(rivals):
        means = f"mean MAP along the curve {best.area.mean:.3f} and {other.area.mean:.3f}"
        if area.error is None:
            return [f"One seed cannot tell {best.name} and {other.name} apart: {means}."]
        return [
            f"{best.name} and {other.name} are not told apart: {means}, a difference within the "
            f"noise of {area.seeds} seeds.",
            paired,
        ]
    return [_clear(best, other, comparison, area), paired]


def _clear(best: KeyFigures, other: KeyFigures, comparison: Comparison, area: Estimate) -> str:
    goal = f"{other.name}’s final MAP of {other.final.mean:.3f}"
    if area.mean < 0:
        return (
            f"{best.name} is behind {other.name} over the whole budget: mean MAP along the curve "
            f"{best.area.mean:.3f} against {other.area.mean:.3f}."
        )
    if comparison.labels is None or comparison.ratio is None:
        return (
            f"{best.name} is ahead of {other.name} along the curve, mean MAP "
            f"{best.area.mean:.3f} against {other.area.mean:.3f}, but does not reach {goal}."
        )
    if comparison.at_start:
        return f"{best.name} is at {goal} from the first round on."
    return (
        f"{best.name} reaches {goal} with {comparison.ratio:.2g}× the labels: "
        f"{comparison.labels:,.0f} instead of {comparison.needed:,.0f}."
    )


def _beside_full(run: Run, figures: KeyFigures) -> list[str]:
    if run.full is None:
        return []
    mark, full = f"{SHARE_OF_FULL:.0%}", f"the fully supervised MAP ({run.full.map:.3f})"
    if figures.to_share_of_full is None:
        part = figures.final.mean / run.full.map
        return [f"{run.name} ends at {part:.0%} of {full}, short of the {mark} mark."]
    if figures.to_share_of_full == curve(run)[0].labels:
        return [f"{run.name} is above {mark} of {full} from the first round on."]
    return [f"{run.name} reaches {mark} of {full} with {figures.to_share_of_full:,.0f} labels."]


def _caveats(runs: Sequence[Run]) -> list[str]:
    caveats = []
    fewest = min(len({figure.seed for figure in run.figures}) for run in runs)
    if fewest < _FEW_SEEDS:
        caveats.append("Five seeds or more would tell with more certainty.")
    if len({curve(run)[-1].round for run in runs}) > 1:
        caveats.append(
            "The strategies have different numbers of rounds, so their means along the curve "
            "cannot be compared."
        )
    return caveats


def signed(value: float) -> str:
    """A difference to three digits, with a minus sign as wide as the plus."""
    return f"{value:+.3f}".replace("-", "−")
