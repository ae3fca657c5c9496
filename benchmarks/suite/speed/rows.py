"""The measurements as tidy rows, one each, with what each says about ours."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from suite.speed.case import Outcome
from suite.speed.floors import OF_ALGORITHM
from suite.speed.objectives import DETERMINISTIC

_EQUAL = 1e-5
"""Objectives that differ by less, relatively, are rounding."""


@dataclass(frozen=True)
class Row:
    """A measurement; ratios are None where there is nothing to divide.

    On rows of ours: `to_floor` is ours / floor. On rows of peers: `speedup` and `memory_share`
    are theirs / ours and ours / theirs; `answer` says how our picks compare with theirs.
    """

    role: str
    algorithm: str
    who: str
    method: str
    version: str
    pairs: int
    dim: int
    batch: int
    threads: int
    status: str
    reason: str
    repeats: int
    seconds: float | None
    fastest: float | None
    slowest: float | None
    peak_mib: float | None
    objective: str
    value: float | None
    to_floor: float | None
    speedup: float | None
    memory_share: float | None
    answer: str
    commit: str


def make_rows(outcomes: Sequence[Outcome]) -> list[Row]:
    """A row an outcome, in their order; ours is the first entry of an algorithm that finished."""
    groups: dict[tuple[int, int, int, str], list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(_group(outcome), []).append(outcome)
    return [_row(outcome, groups[_group(outcome)]) for outcome in outcomes]


def _group(outcome: Outcome) -> tuple[int, int, int, str]:
    case = outcome.case
    return case.pairs, case.dim, case.batch, case.algorithm


def median(outcome: Outcome | None) -> float | None:
    """Median seconds, if it finished."""
    if outcome is None or outcome.status != "ok":
        return None
    return statistics.median(outcome.seconds)


def _row(outcome: Outcome, group: Iterable[Outcome]) -> Row:
    case, own = outcome.case, median(outcome)
    ours, floor = reference(group), floor_of(group)
    speedup = to_floor = share = None
    if case.role == "peer":
        speedup = _ratio(own, median(ours))
        share = _ratio(ours.peak_mib if ours else None, outcome.peak_mib)
    elif case.role == "ours":
        to_floor = _ratio(own, median(floor))
    return Row(
        **case.model_dump(
            include={
                *("role", "algorithm", "who", "method", "pairs", "dim", "batch", "threads"),
            }
        ),
        version=outcome.version,
        status=outcome.status,
        reason=outcome.reason,
        repeats=len(outcome.seconds),
        seconds=own,
        fastest=min(outcome.seconds, default=None),
        slowest=max(outcome.seconds, default=None),
        peak_mib=outcome.peak_mib,
        objective=outcome.objective[0] if outcome.objective else "",
        value=outcome.objective[1] if outcome.objective else None,
        to_floor=to_floor,
        speedup=speedup,
        memory_share=share,
        answer=compare(ours, outcome) if case.role == "peer" else "",
        commit=outcome.commit,
    )


def reference(group: Iterable[Outcome]) -> Outcome | None:
    """What peers of an algorithm are compared with: the suite's first entry that has it."""
    return next((outcome for outcome in group if outcome.case.role == "ours"), None)


def floor_of(group: Iterable[Outcome]) -> Outcome | None:
    """The floor that ours is held against."""
    for outcome in group:
        names = OF_ALGORITHM.get(outcome.case.algorithm, ())
        if outcome.case.role == "floor" and outcome.case.method in names[:1]:
            return outcome
    return None


def _ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None


def compare(ours: Outcome | None, theirs: Outcome) -> str:
    """Ours against a peer's picks: the same, as good, better or worse by the objective."""
    if ours is None or ours.status != "ok" or theirs.status != "ok":
        return ""
    if theirs.objective is None or ours.objective is None:
        return ""
    mine, other = ours.objective[1], theirs.objective[1]
    in_common = len(set(ours.picks) & set(theirs.picks))
    numbers = f"{ours.objective[0]} {mine:.6g}, theirs {other:.6g}"
    if theirs.case.algorithm not in DETERMINISTIC:
        return numbers
    if in_common == theirs.case.batch:
        return "same picks"
    if math.isclose(mine, other, rel_tol=_EQUAL):
        return f"as good, {in_common} of {theirs.case.batch} picks in common"
    return f"{'better' if mine > other else 'worse'}: {numbers}"


def exponents(rows: Sequence[Row]) -> Mapping[tuple[str, str, int, int], float]:
    """Slope of log seconds over log pairs, by least squares, where two sizes or more finished."""
    # A floor of several algorithms has a row in each, of one measurement.
    points: dict[tuple[str, str, int, int], dict[float, float]] = {}
    for row in rows:
        if row.seconds:
            key = (row.who, row.method, row.dim, row.batch)
            points.setdefault(key, {})[math.log(row.pairs)] = math.log(row.seconds)
    return {
        key: statistics.linear_regression(list(values), list(values.values())).slope
        for key, values in points.items()
        if len(values) >= 2
    }


def write_rows(rows: Sequence[Row], path: Path) -> None:
    """Write Parquet."""
    pq.write_table(pa.Table.from_pylist([asdict(row) for row in rows]), path)
