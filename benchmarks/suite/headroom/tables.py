"""The tables: shares of the distance from random to the ceiling, MAP, what won, selection bias."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from acqkit.embeddings import Float64Array
from acqkit.report.figures import Estimate
from suite.headroom.curves import ALL_LABELS, CEILING, RANDOM, Round
from suite.tables import NOTHING, estimate

Block = tuple[str, int]
"""A pool and a draw of it."""
Done = Mapping[Block, Mapping[str, Sequence[Round]]]
"""Finished series by block."""


@dataclass(frozen=True)
class Findings:
    """Blocks in which every series is finished, and MAP `[blocks, budgets]` by series.

    `random` is the mean over its repeats. without `[blocks]` and full `[blocks]`: MAP without
    labels and with all of them.
    """

    shares: tuple[float, ...]
    blocks: list[Block]
    maps: dict[str, Float64Array]
    without: Float64Array
    full: Float64Array
    ceilings: list[Sequence[Round]]

    @classmethod
    def of(cls, done: Done, series: Sequence[str], shares: tuple[float, ...]) -> Findings:
        """From what is finished; blocks that lack one of `series` are left out."""
        blocks = [block for block, found in done.items() if set(series) <= set(found)]
        curves = {
            name: np.array([[r.map for r in done[block][name][1:]] for block in blocks])
            for name in series
            if name != ALL_LABELS
        }
        repeats = [values for name, values in curves.items() if name.split()[0] == RANDOM]
        maps = {name: values for name, values in curves.items() if name.split()[0] != RANDOM}
        return cls(
            shares,
            blocks,
            {RANDOM: np.mean(repeats, axis=0), **maps},
            np.array([done[block][CEILING][0].map for block in blocks]),
            np.array([done[block][ALL_LABELS][0].map for block in blocks]),
            [done[block][CEILING] for block in blocks],
        )

    @property
    def pools(self) -> list[str]:
        """Pools in the order of the blocks."""
        return list(dict.fromkeys(pool for pool, _ in self.blocks))

    @property
    def tried(self) -> float:
        """Batches tried a round for the ceiling, on average."""
        return float(np.mean([r.search.tried for own in self.ceilings for r in own if r.search]))

    def rows(self, pool: str) -> list[int]:
        """Blocks of one pool."""
        return [row for row, block in enumerate(self.blocks) if block[0] == pool]

    @property
    def strategies(self) -> list[str]:
        """All but random and the ceiling, the largest share of the distance first."""
        own = [name for name in self.maps if name not in (RANDOM, CEILING)]
        return sorted(own, key=lambda name: -self.share(name).mean)

    def share(
        self, name: str, rows: Sequence[int] | None = None, budgets: Sequence[int] | None = None
    ) -> Estimate:
        """Σ (strategy - random) / Σ (ceiling - random) over blocks and budgets.

        The error is the jackknife's over blocks.
        """
        rows = list(range(len(self.blocks))) if rows is None else list(rows)
        columns = list(range(len(self.shares))) if budgets is None else list(budgets)
        chance = self.maps[RANDOM][np.ix_(rows, columns)]
        gain = (self.maps[name][np.ix_(rows, columns)] - chance).sum(axis=1)
        whole = (self.maps[CEILING][np.ix_(rows, columns)] - chance).sum(axis=1)
        return jackknife(gain, whole)


def jackknife(numerator: Float64Array, denominator: Float64Array) -> Estimate:
    """The ratio of two sums over blocks `[k]`, with the standard error of leaving one out."""
    k = len(numerator)
    ratio = float(numerator.sum() / denominator.sum())
    if k < 2:
        return Estimate(ratio, None, k)
    left = (numerator.sum() - numerator) / (denominator.sum() - denominator)
    error = float(np.sqrt((k - 1) / k * np.square(left - left.mean()).sum()))
    return Estimate(ratio, error, k)


def shares_by_budget(found: Findings) -> str:
    """A row a strategy, a column a budget."""
    budgets = range(len(found.shares))
    rows = [
        [
            name,
            *(_percent(found.share(name, budgets=[budget])) for budget in budgets),
            _percent(found.share(name)),
        ]
        for name in found.strategies
    ]
    return table(["strategy", *map(_label, found.shares), "all"], rows)


def shares_by_pool(found: Findings) -> str:
    """A row a strategy, a column a pool, over all budgets."""
    rows = [
        [name, *(_percent(found.share(name, rows=found.rows(pool))) for pool in found.pools)]
        for name in found.strategies
    ]
    return table(["strategy", *found.pools], rows)


def maps(found: Findings, plain: str) -> str:
    """A row a pool and budget: MAP of random, of the strategy `plain` and of the ceiling."""
    rows = []
    for pool in found.pools:
        own = found.rows(pool)
        chance, covered, best = (found.maps[name][own] for name in (RANDOM, plain, CEILING))
        without, full = found.without[own], found.full[own]
        for budget, share in enumerate(found.shares):
            gain = Estimate.of(best[:, budget] - chance[:, budget])
            over = Estimate.of(best[:, budget] - covered[:, budget])
            means = (float(values[:, budget].mean()) for values in (chance, covered, best))
            learned = jackknife(best[:, budget] - without, full - without).mean
            rows.append(
                [
                    f"{pool}, {_label(share)}",
                    f"{without.mean():.3f}",
                    *(f"{mean:.3f}" for mean in means),
                    f"{full.mean():.3f}",
                    estimate(gain, sign=True),
                    estimate(over, sign=True),
                    f"{learned:.0%}".replace("-", "−") if full.mean() > without.mean() else NOTHING,
                ]
            )
    head = ["pool, labels", "no label", RANDOM, plain, CEILING, ALL_LABELS]
    head += [f"{CEILING} over {RANDOM}", f"{CEILING} over {plain}", "share of the label gain"]
    return table(head, rows)


def winners(found: Findings) -> str:
    """How often each kind of candidate was the best one, by budget."""
    counts = [
        Counter(curve[budget].search.kind for curve in found.ceilings if curve[budget].search)  # type: ignore[union-attr]
        for budget in range(len(found.shares))
    ]
    kinds = sorted({kind for count in counts for kind in count})
    rows = [[kind, *(str(count[kind]) for count in counts)] for kind in kinds]
    return table(["kind", *map(_label, found.shares)], rows)


def bias(found: Findings) -> str:
    """What the winner has over plain coverage of the same labels, where chosen and elsewhere."""
    rows = []
    for pool in [*found.pools, "all"]:
        own = range(len(found.blocks)) if pool == "all" else found.rows(pool)
        chosen, reported = (_over_plain(found, own, of) for of in (_chosen, _reported))
        kept = jackknife(np.array(reported), np.array(chosen))
        rows.append(
            [
                pool,
                estimate(Estimate.of(chosen), sign=True),
                estimate(Estimate.of(reported), sign=True),
                _percent(kept) if sum(chosen) > 0 else NOTHING,
            ]
        )
    return table(["pool", "pairs to choose by", "pairs to report on", "kept"], rows)


Gain = Callable[[Round, Round], float]


def _chosen(before: Round, after: Round) -> float:
    assert before.search is not None
    return before.search.chosen - before.search.plain


def _reported(before: Round, after: Round) -> float:
    assert before.search is not None
    return after.map - before.search.plain_reported


def _over_plain(found: Findings, rows: Sequence[int] | range, of: Gain) -> list[float]:
    """One value a block, the mean over rounds."""
    curves = [found.ceilings[row] for row in rows]
    return [float(np.mean([of(a, b) for a, b in itertools.pairwise(curve)])) for curve in curves]


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown, numbers to the right."""
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _label(share: float) -> str:
    return f"{share:.0%}"


def _percent(value: Estimate) -> str:
    mean = f"{100 * value.mean:.0f}".replace("-", "−")
    return f"{mean}%" if value.error is None else f"{mean} ± {100 * value.error:.0f}%"
