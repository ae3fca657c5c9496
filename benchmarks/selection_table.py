"""The table of `selection.py`: areas, ranks, tests, and labels to reach a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from acqkit.metrics import area_under_curve, labels_to_reach
from acqkit.runner import Results

Key = tuple[str, str, int]
Floats = NDArray[np.float64]

NEAR_FULL = 0.95
FAR = 0.4
SHARE = 0.2


@dataclass(frozen=True)
class Pool:
    """What is there of one pool: strategies that have every seed which the reference has."""

    name: str
    runs: dict[str, list[Results]]
    reference: str

    def curve(self, strategy: str) -> tuple[Floats, Floats]:
        """Labels `[r]` and MAP `[r]`, mean over seeds."""
        curves = [next(iter(run.curves().values())) for run in self.runs[strategy]]
        return curves[0][0].astype(float), np.mean([maps for _, maps in curves], axis=0)

    def areas(self, strategy: str) -> Floats:
        """Area under the MAP-budget curve per seed, from the first labels on."""
        found = []
        for run in self.runs[strategy]:
            labels, maps = next(iter(run.curves().values()))
            found.append(area_under_curve(labels[labels > 0], maps[labels > 0]))
        return np.array(found)

    def first(self, strategy: str) -> Floats:
        """MAP with the first labels, per seed."""
        curves = [next(iter(run.curves().values())) for run in self.runs[strategy]]
        return np.array([maps[labels > 0][0] for labels, maps in curves])

    def target(self) -> tuple[float, str]:
        """The MAP to reach, and what it is."""
        full = float(np.mean([run.full.map for run in self.runs[self.reference] if run.full]))
        labels, maps = self.curve(self.reference)
        train = self.runs[self.reference][0].pool.train
        reached = labels_to_reach(labels, maps, NEAR_FULL * full)
        if reached is not None and reached <= FAR * train:
            return NEAR_FULL * full, f"{NEAR_FULL:.0%} of full"
        last = int(np.flatnonzero(labels <= SHARE * train + 1)[-1])
        return float(
            maps[last]
        ), f"{self.reference} at {labels[last]:.0f} ({labels[last] / train:.0%})"

    def reach(self, strategy: str) -> float | None:
        """Labels at which the mean curve first reaches the target."""
        return labels_to_reach(*self.curve(strategy), self.target()[0])


def table(done: Mapping[Key, Results], reference: str) -> str:
    """Markdown for whatever cells are done."""
    pools = _pools(done, reference)
    if not pools:
        return f"no pool has {reference} yet\n"
    strategies = [reference, *sorted({s for pool in pools for s in pool.runs} - {reference})]
    return "\n".join(
        [
            *_area_table(pools, strategies, reference),
            "",
            *_first_table(pools, strategies, reference),
            "",
            *_tests(pools, strategies, reference),
            "",
            *_reach_table(pools, strategies, reference),
            "",
        ]
    )


def _pools(done: Mapping[Key, Results], reference: str) -> list[Pool]:
    found = []
    for name in dict.fromkeys(pool for pool, _, _ in done):
        seeds = sorted(seed for pool, s, seed in done if (pool, s) == (name, reference))
        runs = {
            strategy: [done[name, strategy, seed] for seed in seeds]
            for strategy in dict.fromkeys(s for pool, s, _ in done if pool == name)
            if all((name, strategy, seed) in done for seed in seeds)
        }
        if seeds:
            found.append(Pool(name, runs, reference))
    return found


def _area_table(pools: list[Pool], strategies: list[str], reference: str) -> list[str]:
    return [
        "Area under the MAP-budget curve, from the first labels on; in brackets the paired",
        f"difference to {reference}, mean ± standard error, times 10,000.",
        "",
        *_compared(pools, strategies, reference, Pool.areas),
    ]


def _first_table(pools: list[Pool], strategies: list[str], reference: str) -> list[str]:
    return [
        "MAP after the first round, chosen from a model that saw no label (strategies that",
        f"cannot start that way begin at random); differences to {reference} as above.",
        "",
        *_compared(pools, strategies, reference, Pool.first),
    ]


def _compared(
    pools: list[Pool],
    strategies: list[str],
    reference: str,
    measure: Callable[[Pool, str], Floats],
) -> list[str]:
    lines = [
        f"| strategy | {' | '.join(_head(pool) for pool in pools)} |",
        f"|---|{'---|' * len(pools)}",
    ]
    for strategy in strategies:
        cells = []
        for pool in pools:
            if strategy not in pool.runs:
                cells.append("")
                continue
            own, base = measure(pool, strategy), measure(pool, reference)
            gain = 1e4 * (own - base)
            error = gain.std(ddof=1) / len(gain) ** 0.5 if len(gain) > 1 else np.nan
            compared = "" if strategy == reference else f" ({gain.mean():+.0f} ± {error:.0f})"
            cells.append(f"{own.mean():.4f}{compared}")
        lines.append(f"| {strategy} | {' | '.join(cells)} |")
    return lines


def _head(pool: Pool) -> str:
    runs = pool.runs[pool.reference]
    labels = [int(x) for x in pool.curve(pool.reference)[0] if x > 0]
    return f"{pool.name} ({labels[0]} to {labels[-1]} labels, {len(runs)} seeds)"


def _tests(pools: list[Pool], strategies: list[str], reference: str) -> list[str]:
    lines = [
        f"Against {reference} over all pools and seeds together: Wilcoxon's signed ranks of the",
        "relative difference in area, and the sign test; one-sided. Mean rank: among strategies",
        "that have every pool, per pool and seed, 1 is best.",
        "",
        "| strategy | pools | wins | Wilcoxon p | sign test p | mean rank |",
        "|---|---|---|---|---|---|",
    ]
    ranks = _ranks(pools, strategies)
    for strategy in strategies:
        rank = f"{ranks[strategy]:.2f}" if strategy in ranks else ""
        if strategy == reference:
            lines.append(f"| {strategy} | {len(pools)} | | | | {rank} |")
            continue
        own = [pool for pool in pools if strategy in pool.runs]
        gains = np.concatenate([pool.areas(strategy) / pool.areas(reference) - 1 for pool in own])
        wins = int((gains > 0).sum())
        wilcoxon = stats.wilcoxon(gains, alternative="greater").pvalue
        sign = stats.binomtest(wins, len(gains), alternative="greater").pvalue
        tests = f"{wilcoxon:.2g} | {sign:.2g}"
        lines.append(f"| {strategy} | {len(own)} | {wins}/{len(gains)} | {tests} | {rank} |")
    return lines


def _ranks(pools: list[Pool], strategies: list[str]) -> dict[str, float]:
    everywhere = [s for s in strategies if all(s in pool.runs for pool in pools)]
    if len(everywhere) < 2:
        return {}
    rows = np.concatenate([np.stack([pool.areas(s) for s in everywhere], axis=1) for pool in pools])
    return dict(zip(everywhere, stats.rankdata(-rows, axis=1).mean(axis=0), strict=True))


def _reach_table(pools: list[Pool], strategies: list[str], reference: str) -> list[str]:
    lines = [
        f"Labels at which the mean curve reaches the target, and their ratio to {reference}'s.",
        f"Target: {NEAR_FULL:.0%} of the MAP with all labels (best trainer) where {reference} gets",
        f"there within {FAR:.0%} of the labels and its budget, else {reference}'s own MAP at its",
        f"last budget up to {SHARE:.0%}. `>`: not reached, counted as twice the budget.",
        "0: reached without a label, no ratio.",
        "",
        f"| strategy | {' | '.join(_goal(pool) for pool in pools)} | geometric mean |",
        f"|---|{'---|' * (len(pools) + 1)}",
    ]
    for strategy in strategies:
        cells, ratios = [], []
        for pool in pools:
            if strategy not in pool.runs:
                cells.append("")
                continue
            base, own = pool.reach(reference), pool.reach(strategy)
            last = pool.curve(strategy)[0][-1]
            counted = 2 * last if own is None else own
            shown = f">{last:.0f}" if own is None else f"{own:.0f}"
            if base:
                ratios.append(max(counted, 1.0) / base)
                shown += f" ({ratios[-1]:.2f})"
            cells.append(shown)
        mean = f"{np.exp(np.mean(np.log(ratios))):.2f}" if ratios else ""
        lines.append(f"| {strategy} | {' | '.join(cells)} | {mean} |")
    return lines


def _goal(pool: Pool) -> str:
    value, meaning = pool.target()
    return f"{pool.name}: {value:.3f}, {meaning}"
