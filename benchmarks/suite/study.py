"""From the tidy table to rivals in blocks: what is compared, and over what it is paired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from acqkit.metrics import area_under_curve
from acqkit.runs import PHASES
from suite.config import Compared, ReachedBy, Suite, system
from suite.table import Row

Block = tuple[str, int]
"""A setting (a pool, with the trainer where there are several) and a seed."""


_SINGULAR: dict[Compared, str] = {
    "strategies": "strategy",
    "trainers": "trainer",
    "systems": "system",
}

COLUMNS = {"map": "map", "map@50": "map50"}
"""Where the table has a metric."""


@dataclass(frozen=True)
class Curve:
    """One rival in one block: labels and the suite's metric by round, and seconds by phase.

    A curve whose first batch was random begins with the model without labels too, if others in
    its block have it: that model does not depend on the strategy. `seconds` is the mean over
    the rounds after the first. `metrics` are the values of every metric that each round has.
    """

    labels: tuple[int, ...]
    values: tuple[float, ...]
    seconds: dict[str, float]
    pairs: int
    random_first: bool
    metrics: dict[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def area(self) -> float:
        """Area under the curve over its labeled budgets: a mean of the metric."""
        return self._area(self.values)

    def area_of(self, metric: str) -> float | None:
        """The same of any metric by name; None where not every round has it."""
        return self._area(self.metrics[metric]) if metric in self.metrics else None

    def _area(self, values: Sequence[float]) -> float:
        """The point without labels is left out: no strategy has a part in it."""
        points = [(x, y) for x, y in zip(self.labels, values, strict=True) if x > 0]
        return area_under_curve([x for x, _ in points], [y for _, y in points])


@dataclass(frozen=True)
class Study:
    """Finished curves by rival and block, in the order of the suite.

    `metric` is how the metric is called. `full` is its fully supervised value by setting: of
    the suite's trainers the best, each as a mean over its seeds. `absent` says what is not
    there, one sentence each.
    """

    title: str
    description: str
    what: str
    reference: str
    metric: str
    settings: list[str]
    rivals: list[str]
    curves: dict[str, dict[Block, Curve]]
    full: dict[str, float] = field(default_factory=dict)
    reached_by: ReachedBy = "reference"
    absent: list[str] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)

    def blocks(self, setting: str | None = None) -> list[Block]:
        """Blocks in which the reference is, all or those of one setting."""
        found = sorted(self.curves.get(self.reference, {}), key=self._order)
        return [block for block in found if setting is None or block[0] == setting]

    def of(self, rival: str, setting: str) -> dict[int, Curve]:
        """A rival's curves in one setting by seed."""
        own = self.curves.get(rival, {})
        return {seed: curve for (where, seed), curve in sorted(own.items()) if where == setting}

    def areas(self, rival: str) -> dict[Block, float]:
        """Area by block."""
        return {block: curve.area for block, curve in self.curves.get(rival, {}).items()}

    @property
    def has_curves(self) -> bool:
        """Whether anything was measured at more than one labeled budget."""
        every = [curve for own in self.curves.values() for curve in own.values()]
        return any(sum(x > 0 for x in curve.labels) > 1 for curve in every)

    def complete(self) -> list[str]:
        """Rivals that are in every block of the reference: only these can be ranked."""
        blocks = set(self.blocks())
        return [r for r in self.rivals if blocks and blocks <= set(self.curves.get(r, {}))]

    def _order(self, block: Block) -> tuple[int, int]:
        return self.settings.index(block[0]), block[1]


def make_study(suite: Suite, rows: Sequence[Row]) -> Study:
    """What the rows of a suite's table say, ready for comparisons."""
    others = suite.others
    cells: dict[tuple[str, str, int], list[Row]] = {}
    for row in rows:
        if row.kind == "strategy" and row.status == "done" and row.seed is not None:
            rival, other = _roles(row, suite.compare)
            cells.setdefault((rival, _setting(row.pool, other, others), row.seed), []).append(row)
    starts, column = _starts(rows), COLUMNS[suite.metric]
    curves: dict[str, dict[Block, Curve]] = {}
    for (rival, setting, seed), own in cells.items():
        start = starts.get((own[0].pool, own[0].trainer, seed))
        curves.setdefault(rival, {})[setting, seed] = _curve(own, start, column)
    wanted = [_setting(pool.title, other, others) for pool in suite.pools for other in others]
    found = {block[0] for own in curves.values() for block in own}
    full = _full(rows, column)
    return Study(
        title=suite.title,
        description=suite.description,
        what=_SINGULAR[suite.compare],
        reference=suite.reference,
        metric=suite.metric.upper(),
        reached_by=suite.reached_by,
        settings=[setting for setting in wanted if setting in found],
        rivals=suite.rivals,
        curves=curves,
        full={
            _setting(pool.title, other, others): full[pool.title]
            for pool in suite.pools
            for other in others
            if pool.title in full
        },
        absent=_absent(rows),
        commits=sorted({row.commit for row in rows if row.commit}),
    )


def _roles(row: Row, compare: Compared) -> tuple[str, str]:
    if compare == "systems":
        return system(row.strategy, row.trainer), ""
    by_strategy = compare == "strategies"
    return (row.strategy, row.trainer) if by_strategy else (row.trainer, row.strategy)


def _setting(pool: str, other: str, others: list[str]) -> str:
    return f"{pool} · {other}" if len(others) > 1 else pool


def _starts(rows: Sequence[Row]) -> dict[tuple[str, str, int], Row]:
    """The model without any label, which is the same for every strategy: by pool, trainer, seed."""
    return {
        (row.pool, row.trainer, row.seed): row
        for row in rows
        if row.kind == "strategy" and row.labels == 0 and row.seed is not None
    }


def _curve(rows: list[Row], start: Row | None, column: str) -> Curve:
    own = sorted(rows, key=lambda row: row.round or 0)
    random_first = own[0].first_batch == "random"
    # The first round also pays for what is loaded and compiled once; it is no typical one.
    timed = own[1:] or own
    if start is not None and own[0].labels != 0:
        own = [start, *own]
    seconds = {
        phase: float(np.mean([getattr(row, f"seconds_{phase}") for row in timed]))
        for phase in PHASES
    }
    return Curve(
        labels=tuple(row.labels or 0 for row in own),
        values=tuple(getattr(row, column) or 0.0 for row in own),
        seconds=seconds,
        pairs=own[0].pairs or 0,
        random_first=random_first,
        metrics={
            name: tuple(row.metrics[name] for row in own)
            for name in own[-1].metrics
            if all(name in row.metrics for row in own)
        },
    )


def _full(rows: Sequence[Row], column: str) -> dict[str, float]:
    figures: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        value: float | None = getattr(row, column)
        if row.kind == "full" and value is not None:
            figures.setdefault(row.pool, {}).setdefault(row.trainer, []).append(value)
    return {
        pool: max(float(np.mean(values)) for values in own.values())
        for pool, own in figures.items()
    }


def _absent(rows: Sequence[Row]) -> list[str]:
    """What is not in the comparison; many cells with the same reason make one sentence."""
    sentences: dict[tuple[str, str, str], list[int]] = {}
    for row in rows:
        if row.status == "done":
            continue
        name = ", ".join(part for part in (row.pool, row.trainer, row.strategy) if part)
        seeds = sentences.setdefault((name, row.status, row.error), [])
        if row.seed is not None:
            seeds.append(row.seed)
    return [
        f"{name}{' (seed ' + ', '.join(map(str, seeds)) + ')' if seeds else ''}: {status}: {error}"
        for (name, status, error), seeds in sentences.items()
    ]
