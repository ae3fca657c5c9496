"""The Markdown of who picks what."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from suite.agreement.contests import Contest
from suite.agreement.pools import CLASSES, CLUSTERS, DIM, LABELED, PAIRS, PASSES

_EQUAL = 1e-5
"""Objectives that differ by less, relatively, are rounding."""
_HEAD = (
    "strategy | peer | picks in common (least to most) | same picks | objective | ours | theirs "
    "| ours better / as good / worse | why picks may differ"
)


@dataclass(frozen=True)
class Duel:
    """Picks in common, and what the objective says of both selections."""

    common: int
    ours: float
    theirs: float

    @property
    def better(self) -> int:
        """1 where ours is better, 0 where both are as good, -1 where it is worse."""
        if math.isclose(self.ours, self.theirs, rel_tol=_EQUAL):
            return 0
        return 1 if self.ours > self.theirs else -1


def markdown(duels: Mapping[Contest, Sequence[Duel]], command: str, commit: str) -> str:
    """The whole report."""
    peers = {contest.peer: contest.version for contest in duels}
    about = (
        f"On {len(next(iter(duels.values())))} made pools of {PAIRS} pairs x {DIM} in {CLUSTERS} "
        f"clusters, {LABELED} labeled, {CLASSES} classes, committees of {PASSES}. `same picks` "
        "counts the pools where all picks are the same. Objectives are what the algorithm "
        "optimizes, evaluated for both alike; higher is better; mean ± standard deviation over "
        "the pools. `ours better / as good / worse` counts pools. Where a peer has `our` clusters "
        "or masks, it was handed what ours drew. BAIT is compared where both have it: with two "
        "classes at even odds, its information is that of a linear regression. `galaxy` and "
        "`uherding` are in no such package, `information-density` in none with its similarity; "
        "tests hold them against their definitions."
    )
    versions = ", ".join(f"{name} {version}" for name, version in peers.items())
    rows = [_row(contest, found) for contest, found in duels.items()]
    head = [f"| {_HEAD} |", "|" + " --- |" * len(_HEAD.split(" | "))]
    parts = ["# Agreement with other packages", f"`{command}`", about, "\n".join([*head, *rows])]
    return "\n\n".join([*parts, f"Peers: {versions}. Commit {commit}."]) + "\n"


def _row(contest: Contest, duels: Sequence[Duel]) -> str:
    return f"| {' | '.join(_cells(contest, duels))} |"


def _cells(contest: Contest, duels: Sequence[Duel]) -> Iterator[str]:
    common = [duel.common for duel in duels]
    yield contest.strategy
    yield f"{contest.peer}: {contest.method}"
    yield f"{np.mean(common):.1f} of {contest.picks} ({min(common)} to {max(common)})"
    yield f"{sum(count == contest.picks for count in common)} of {len(duels)}"
    yield contest.objective[0]
    for values in ([duel.ours for duel in duels], [duel.theirs for duel in duels]):
        yield f"{np.mean(values):.6g} ± {np.std(values, ddof=1):.2g}"
    yield " / ".join(str([duel.better for duel in duels].count(kind)) for kind in (1, 0, -1))
    yield contest.apart
