"""What retrieval finds, before and after the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from acqkit.errors import PoolError
from acqkit.report.data import Hit, Run, Search
from acqkit.report.runs import RunFolder
from acqkit.report.showcase import Showcase
from acqkit.runs import Retrieved


def searches(run: RunFolder, showcase: Showcase) -> list[Search]:
    """The queries that the shown seed kept, with their matches in its first and last round.

    Empty where the run kept none, or has one round alone.
    """
    rounds = run.rounds(run.seeds[0])
    first, last = rounds[0].retrieval, rounds[-1].retrieval
    if first is None or last is None or len(rounds) < 2:
        return []
    pool = showcase.pool
    a, b = ("a", "b") if pool is None else pool.modalities
    return [
        _search(before, after, showcase, modality, wanted)
        for modality, wanted, befores, afters in (
            (a, b, first.ab, last.ab),
            (b, a, first.ba, last.ba),
        )
        for before, after in zip(befores, afters, strict=False)
        if before.query == after.query
    ]


def _search(
    before: Retrieved, after: Retrieved, showcase: Showcase, modality: str, wanted: str
) -> Search:
    position = _position(before.query, showcase)
    return Search(
        query=str(before.query),
        modality=modality,
        wanted=wanted,
        side=showcase.side(position, modality),
        labels=showcase.labels(position),
        first=_hits(before, showcase, wanted),
        last=_hits(after, showcase, wanted),
    )


def _hits(retrieved: Retrieved, showcase: Showcase, wanted: str) -> list[Hit]:
    return [
        Hit(
            id=str(found),
            right=right,
            own=found == retrieved.query,
            side=showcase.side(_position(found, showcase), wanted),
        )
        for found, right in zip(retrieved.found, retrieved.right, strict=True)
    ]


def _position(pair: Any, showcase: Showcase) -> int | None:
    if showcase.pool is None:
        return None
    try:
        return int(showcase.pool.position_of([pair])[0])
    except PoolError:
        return None


@dataclass(frozen=True)
class ShownSearches:
    """The searches of one strategy as the page has them.

    `index` is the strategy's among all; `first` and `last` count the labels of the two models.
    """

    index: int
    name: str
    first: int
    last: int
    groups: list[list[Search]]


def shown_searches(runs: Sequence[Run]) -> list[ShownSearches]:
    """Of every strategy that has some, in groups of one direction."""
    found = []
    for index, run in enumerate(runs):
        own = [figure for figure in run.figures if figure.seed == run.shown_seed]
        labels = [figure.labels for figure in sorted(own, key=lambda figure: figure.round)]
        groups = [list(each) for _, each in groupby(run.searches, lambda one: one.modality)]
        if groups:
            found.append(ShownSearches(index, run.name, labels[0], labels[-1], groups))
    return found
