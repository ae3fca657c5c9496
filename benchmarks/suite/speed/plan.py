"""Which measurements a suite asks for, and which of them cannot be made here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from acqkit.errors import AcqkitError
from suite.speed.case import Case, Outcome
from suite.speed.config import SpeedEntry, SpeedSuite
from suite.speed.floors import COMMON, FLOORS, OF_ALGORITHM
from suite.speed.ours import make_strategy
from suite.speed.peers import PEERS, find_peer

OURS, FLOOR = "acqkit", "floor"
MOST_FOR_GRAPH = 50_000
"""Pairs up to which the floors that compare every two pairs are made."""


def plan_cases(suite: SpeedSuite) -> list[Case]:
    """All cases, small pools first; of one size ours and floors first, as peers may take hours."""
    return [case for size in suite.all_sizes for case in _of_size(suite, *size)]


def _of_size(suite: SpeedSuite, pairs: int, dim: int, batch: int) -> list[Case]:
    def case(role: str, algorithm: str, who: str, method: str, spec: Any = None) -> Case:
        kept = ("labeled", "classes", "passes", "threads", "repeats", "patience", "limit_gib")
        own = suite.peer_seconds if role == "peer" else None
        return Case.model_validate(
            {name: getattr(suite, name) for name in kept}
            | {"limit_seconds": own or suite.limit_seconds}
            | {"role": role, "algorithm": algorithm, "who": who, "method": method}
            | {"pairs": pairs, "dim": dim, "batch": batch, "spec": spec or {}}
        )

    cases = [case("floor", COMMON, FLOOR, name) for name in OF_ALGORITHM[COMMON]]
    seen: set[str] = set()
    for entry in suite.strategies:
        algorithm = entry.algorithm or entry.title
        cases.append(case("ours", algorithm, OURS, entry.title, _spec(entry)))
        if algorithm in seen:
            continue
        seen.add(algorithm)
        for name in OF_ALGORITHM.get(algorithm, ()):
            cases.append(case("floor", algorithm, FLOOR, name))
        for peer in PEERS:
            if algorithm in peer.methods:
                cases.append(case("peer", algorithm, peer.name, peer.methods[algorithm]))
    kept = [c for c in cases if not (c.role == "floor" and _is_too_large(c))]
    return sorted(kept, key=lambda c: c.role == "peer")


def _is_too_large(case: Case) -> bool:
    return FLOORS[case.method].quadratic and case.pairs > MOST_FOR_GRAPH


def _spec(entry: SpeedEntry) -> dict[str, Any]:
    spec = entry.spec
    parts = {"strategy": spec.strategy, "scorer": spec.scorer, "allocator": spec.allocator}
    return {
        kind: {"name": part.name, "params": part.params} for kind, part in parts.items() if part
    }


def missing(case: Case) -> Outcome | None:
    """The outcome of a case that cannot be measured here: a row that says why."""
    reason = ""
    if case.role == "peer":
        reason = find_peer(case.who).missing()
    elif case.role == "ours":
        try:
            make_strategy(SpeedEntry.model_validate({"spec": case.spec}).spec, radius=0.5)
        except AcqkitError as error:
            reason = str(error)
    return Outcome(case=case, status="missing", reason=reason) if reason else None


def known_already(case: Case, outcomes: Sequence[Outcome]) -> Outcome | None:
    """The outcome of a case that follows from others: one that need not be measured.

    A peer that did not finish on a pool is not asked about one that is no smaller, nor wider, nor
    for more picks. A floor that several algorithms have in common is measured once.
    """
    for known in outcomes:
        other = known.case
        if (other.role, other.who, other.method) != (case.role, case.who, case.method):
            continue
        if case.role == "floor" and _size(other) == _size(case):
            return known.model_copy(update={"case": case})
        if case.role == "peer" and _ended_badly(known) and _is_no_smaller(case, other):
            where = f" on {other.pairs:,} x {other.dim}, {other.batch:,} picks"
            reason = known.reason.split(" on ")[0] + where
            return Outcome(case=case, status=known.status, reason=reason, commit=known.commit)
    return None


def _ended_badly(outcome: Outcome) -> bool:
    return outcome.status in ("DNF", "failed")


def _size(case: Case) -> tuple[int, int, int]:
    return case.pairs, case.dim, case.batch


def _is_no_smaller(case: Case, other: Case) -> bool:
    sizes = zip(_size(case), _size(other), strict=True)
    return case.algorithm == other.algorithm and all(own >= known for own, known in sizes)
