"""The tables of Markdown and page alike: titles, columns and cells as text."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from acqkit.report.figures import Estimate
from acqkit.runs import PHASES, MetricFacts
from acqkit.runs.metrics import metric_facts
from suite.reach import (
    FAR,
    NEAR,
    PENALTY,
    SHARE_OF_FULL,
    Reached,
    Target,
    find_target,
    geometric_mean,
    reached,
)
from suite.statistics import ALPHA, Ranks, estimates, versus, win_matrix
from suite.study import Study

NOTHING = "–"


@dataclass(frozen=True)
class TableText:
    """A table; the first column names the row.

    `best` are (row, column) worth a stress, `shades` say of some how much of a color they get.
    """

    title: str
    lead: str
    columns: list[str]
    rows: list[list[str]]
    best: set[tuple[int, int]] = field(default_factory=set)
    shades: dict[tuple[int, int], float] = field(default_factory=dict)


def p_value(p: float) -> str:
    """A p value to two digits."""
    return "< 0.0001" if p < 1e-4 else f"{p:.2g}"


def p_equals(p: float) -> str:
    """A p value in a sentence: `p = 0.03`, or `p < 0.0001`."""
    text = p_value(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def estimate(value: Estimate, sign: bool = False) -> str:
    """Mean ± standard error to three digits."""
    mean = f"{value.mean:+.3f}".replace("-", "−") if sign else f"{value.mean:.3f}"
    return mean if value.error is None else f"{mean} ± {value.error:.3f}"


def in_order(study: Study, ranks: Ranks | None) -> list[str]:
    """Rivals that have any curve: the ranked ones from the best on, then the others."""
    present = [rival for rival in study.rivals if study.curves.get(rival)]
    ranked = ranks.rivals if ranks else []
    return [*ranked, *(rival for rival in present if rival not in ranked)]


def area_table(study: Study, order: list[str]) -> TableText:
    """Area by setting, and against the reference over all blocks."""
    found = estimates(study)
    rows = []
    for rival in order:
        cells = [
            estimate(found[rival][setting]) if setting in found[rival] else NOTHING
            for setting in study.settings
        ]
        rows.append([_title(study, rival), *cells, *_against(study, rival)])
    best = set()
    for column, setting in enumerate(study.settings, start=1):
        means = [found[rival][setting].mean if setting in found[rival] else -1 for rival in order]
        best |= {(row, column) for row, mean in enumerate(means) if mean == max(means)}
    seeds = sorted({seed for own in study.curves.values() for _, seed in own})
    title, lead = study.metric, ""
    if study.has_curves:
        title = f"Area under the {study.metric}-budget curve"
        lead = f"Mean {study.metric} over the labeled budgets (labels > 0). "
    return TableText(
        title,
        f"{lead}Mean ± standard error over {len(seeds)} {'seed' if len(seeds) == 1 else 'seeds'}; "
        f"differences are paired over seeds and settings, p values two-sided and uncorrected.",
        [
            study.what.capitalize(),
            *study.settings,
            f"over {study.reference}",
            "wins–losses",
            "Wilcoxon p",
            "sign test p",
        ],
        rows,
        best,
    )


def _against(study: Study, rival: str) -> list[str]:
    found = None if rival == study.reference else versus(study, rival)
    if found is None:
        return [NOTHING] * 4
    return [
        estimate(found.difference, sign=True),
        f"{found.wins}–{found.losses}",
        p_value(found.wilcoxon),
        p_value(found.sign),
    ]


def _title(study: Study, rival: str) -> str:
    own = study.curves[rival].values()
    cold = any(0 in curve.labels for curve in own)
    return f"{rival} *" if cold and all(curve.random_first for curve in own) else rival


def metrics_table(study: Study, order: list[str]) -> TableText | None:
    """Every metric that was measured in all blocks of some rival; None where there is none."""
    blocks = study.blocks()
    found: dict[str, dict[str, Estimate]] = {}
    for rival in order:
        curves = [study.curves[rival][block] for block in blocks if block in study.curves[rival]]
        for name in curves[0].metrics if len(curves) == len(blocks) else ():
            areas = [area for curve in curves if (area := curve.area_of(name)) is not None]
            if len(areas) == len(blocks):
                found.setdefault(name, {})[rival] = Estimate.of(areas)
    if not found:
        return None
    known = metric_facts(("a", "b"))
    facts = {name: known.get(name, MetricFacts(title=name)) for name in found}
    rows = [
        [rival, *(f"{own[rival].mean:.4g}" if rival in own else NOTHING for own in found.values())]
        for rival in order
    ]
    best = set()
    for column, (name, own) in enumerate(found.items(), start=1):
        choose = max if facts[name].higher_is_better else min
        top = choose(own.values(), key=lambda estimate: estimate.mean).mean
        best |= {(i, column) for i, r in enumerate(order) if r in own and own[r].mean == top}
    return TableText(
        "All metrics",
        "Each over the labeled budgets, mean over settings and seeds; of rivals without a missing "
        "cell.",
        [
            study.what.capitalize(),
            *(one.title + ("" if one.higher_is_better else " (lower)") for one in facts.values()),
        ],
        rows,
        best,
    )


def rank_table(study: Study, ranks: Ranks) -> TableText:
    """Mean ranks, with who is tied for the first place."""
    tied = ranks.tied_first()
    rows = [
        [
            rival,
            f"{ranks.mean[i]:.2f}",
            "first" if i == 0 else p_value(float(ranks.against_first[i])),
            "yes" if rival in tied else "no",
        ]
        for i, rival in enumerate(ranks.rivals)
    ]
    friedman = "" if ranks.friedman is None else f" Friedman’s test: {p_equals(ranks.friedman)}."
    left_out = [r for r in study.rivals if study.curves.get(r) and r not in ranks.rivals]
    without = f" Not ranked, for cells are missing: {', '.join(left_out)}." if left_out else ""
    return TableText(
        "Mean ranks",
        f"By {'area' if study.has_curves else study.metric}, 1 is best, over {ranks.blocks} blocks "
        f"(settings × seeds).{friedman} Tied first: Wilcoxon’s signed-rank test against the first, "
        f"Holm-corrected for its comparisons, has p ≥ {ALPHA}.{without}",
        [study.what.capitalize(), "mean rank", "p against the first", "tied first"],
        rows,
    )


@dataclass(frozen=True)
class Labels:
    """Labels to reach the targets: by rival and setting, with the mean ratio."""

    targets: dict[str, Target]
    found: dict[str, dict[str, Reached]]

    def ratio(self, rival: str) -> float | None:
        """Geometric mean over settings of labels needed for one of the reference's."""
        return geometric_mean([item.ratio for item in self.found.get(rival, {}).values()])


def labels_needed(study: Study) -> Labels:
    """What every rival needs in every setting."""
    targets = {s: t for s in study.settings if (t := find_target(study, s)) is not None}
    found = {
        rival: {s: r for s, t in targets.items() if (r := reached(study, rival, s, t)) is not None}
        for rival in study.rivals
    }
    return Labels(targets, found)


def labels_table(study: Study, order: list[str], labels: Labels) -> TableText:
    """Labels to reach the target of each setting, and the ratio to the reference."""
    target_row = [f"target {study.metric}"]
    for setting in study.settings:
        target = labels.targets.get(setting)
        target_row.append(NOTHING if target is None else f"{target.value:.3f}: {target.rule}")
    rows = [[*target_row, NOTHING]]
    for rival in order:
        found = labels.found[rival]
        cells = [_reached(found[s]) if s in found else NOTHING for s in study.settings]
        ratio = labels.ratio(rival)
        rows.append([rival, *cells, NOTHING if ratio is None else f"{ratio:.2f}×"])
    return TableText(
        "Labels to reach the target",
        f"Where the mean curve over seeds first reaches the target, with the ratio to what "
        f"{study.reference} needs. The target is {SHARE_OF_FULL:.0%} of the fully supervised "
        f"{study.metric} (all labels, the best of the suite’s trainers); where {study.reference} "
        f"reaches that beyond {FAR:.0%} of the train labels or never, its own {study.metric} at "
        f"the last budget up to {NEAR:.0%} of them. > marks a target that is not reached within "
        f"the budget: it counts as reached at {PENALTY} times the last budget. {NOTHING} where a "
        f"model without any label is there already.",
        [study.what.capitalize(), *study.settings, "geometric mean"],
        rows,
    )


def _reached(item: Reached) -> str:
    return f"{'>' if item.never else ''}{item.labels:,.0f} ({item.ratio:.2f}×)"


def win_table(study: Study, order: list[str]) -> TableText:
    """Share of blocks in which the row beats the column."""
    matrix = win_matrix(study, order)
    rows = [
        [rival, *(NOTHING if np.isnan(v) else f"{v:.0%}" for v in matrix[i])]
        for i, rival in enumerate(order)
    ]
    return TableText(
        "Wins",
        "Share of the common blocks in which the row is better than the column; a tie is half a "
        "win.",
        [study.what.capitalize(), *order],
        rows,
        shades={
            (i, j + 1): float(matrix[i, j]) for i, j in zip(*np.nonzero(matrix >= 0), strict=True)
        },
    )


def largest(study: Study) -> tuple[str, int]:
    """The setting with the most train pairs, and how many these are."""
    sizes = {
        setting: curve.pairs for own in study.curves.values() for (setting, _), curve in own.items()
    }
    return max(sizes.items(), key=lambda item: item[1])


def seconds(study: Study, rival: str, setting: str) -> dict[str, float] | None:
    """Seconds of a round by phase, mean over rounds and seeds."""
    own = study.of(rival, setting)
    if not own:
        return None
    return {p: float(np.mean([curve.seconds[p] for curve in own.values()])) for p in PHASES}


def seconds_table(study: Study, order: list[str]) -> TableText:
    """Seconds of a round by phase on the largest pool."""
    setting, pairs = largest(study)
    rows = []
    for rival in order:
        found = seconds(study, rival, setting)
        cells = [NOTHING] * len(PHASES) if found is None else [f"{found[p]:.3f}" for p in PHASES]
        rows.append([rival, *cells])
    return TableText(
        f"Seconds a round on {setting}",
        f"Mean over rounds after the first and over seeds, one thread, {pairs:,} train pairs, the "
        f"largest pool of the suite; choosing a batch is score + allocate.",
        [study.what.capitalize(), *PHASES],
        rows,
    )
