"""The result in words, with the caveats that belong to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from acqkit.report.data import Run
from acqkit.report.figures import (
    SHARE_OF_FULL,
    AgainstBaseline,
    Estimate,
    KeyFigures,
    baseline_of,
    curve,
    key_figures,
)

_FEW_SEEDS = 5


@dataclass(frozen=True)
class Headline:
    """One sentence that says it, and sentences that say how far to believe it."""

    text: str
    remarks: list[str]


def headline(runs: Sequence[Run]) -> Headline:
    """What the runs found, in words; the strategy with the largest area is spoken of."""
    baseline = baseline_of(runs)
    figures = [key_figures(run, baseline) for run in runs]
    rivals = [f for f in figures if baseline is None or f.name != baseline.name]
    best = max(rivals, key=lambda f: f.area.mean)
    run = next(run for run in runs if run.name == best.name)
    if baseline is not None and best.against is not None:
        text = _versus(best, best.against, baseline)
    elif len(runs) > 1:
        others = max((f for f in figures if f is not best), key=lambda f: f.area.mean)
        text = (
            f"{best.name} is ahead over the whole budget: mean MAP {best.area.mean:.3f} along "
            f"the curve, {others.name} {others.area.mean:.3f}."
        )
    else:
        first = curve(run)[0]
        text = (
            f"{best.name} takes MAP from {first.value.mean:.3f} with {first.labels:,.0f} labels "
            f"to {best.final.mean:.3f} with {best.labels:,.0f}."
        )
    return Headline(text, _remarks(runs, run, best))


def _versus(best: KeyFigures, against: AgainstBaseline, baseline: Run) -> str:
    last = curve(baseline)[-1]
    goal = f"{baseline.name}’s final MAP of {last.value.mean:.3f}"
    if against.labels is None or against.ratio is None:
        return f"{best.name} does not reach {goal} within {best.labels:,.0f} labels."
    if against.at_start:
        return f"{best.name} is at {goal} from the first round on."
    return (
        f"{best.name} reaches {goal} with {against.ratio:.2g}× the labels: "
        f"{against.labels:,.0f} instead of {against.needed:,.0f}."
    )


def _remarks(runs: Sequence[Run], run: Run, best: KeyFigures) -> list[str]:
    remarks = []
    if run.full is not None:
        share = f"{SHARE_OF_FULL:.0%} of the fully supervised MAP ({run.full.map:.3f})"
        if best.to_share_of_full is None:
            part = best.final.mean / run.full.map
            remarks.append(
                f"It ends at {part:.0%} of the fully supervised MAP ({run.full.map:.3f}), short of "
                f"the {SHARE_OF_FULL:.0%} mark."
            )
        else:
            remarks.append(f"It reaches {share} with {best.to_share_of_full:,.0f} labels.")
    seeds = {len({figure.seed for figure in one.figures}) for one in runs}
    if min(seeds) == 1:
        remarks.append("With a single seed, differences of this size may well be chance.")
    elif best.against is not None and best.against.area is not None:
        remarks += _paired(best.against, best.against.area)
    if len({curve(one)[-1].round for one in runs}) > 1:
        remarks.append(
            "The strategies have different numbers of rounds, so their means along the curve "
            "cannot be compared."
        )
    return remarks


def _paired(against: AgainstBaseline, area: Estimate) -> list[str]:
    """How far to believe a comparison over the seeds that both have."""
    if area.error is None:
        return ["Only one seed is common to both, so the difference may well be chance."]
    wins = "all of them" if against.wins == area.seeds else f"{against.wins} of them"
    sentence = (
        f"Paired over {area.seeds} seeds, the difference in mean MAP along the curve is "
        f"{signed(area.mean)} ± {area.error:.3f}, above zero in {wins}"
    )
    few = ["Five seeds or more would tell with more certainty."] if area.seeds < _FEW_SEEDS else []
    return [f"{sentence}." if against.clear else f"{sentence}: within the noise.", *few]


def signed(value: float) -> str:
    """A difference to three digits, with a minus sign as wide as the plus."""
    return f"{value:+.3f}".replace("-", "−")
