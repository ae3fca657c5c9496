"""What the figures of one pool size say: whether each strategy of ours is as fast as promised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from suite.speed.rows import Row

FACTOR, OF_FLOOR = 10.0, 1.5
"""Ours is to be so many times faster than any peer, or within so many times its floor."""
LARGE_MIB, MEMORY_SHARE = 1024.0, 0.25


def verdicts(rows: Sequence[Row], reasons: Mapping[str, str] | None = None) -> Iterator[str]:
    """A line for each row of ours: holds, or what it misses.

    With the reason for its title, where it misses something or is far from its floor.
    """
    for row in rows:
        if row.role != "ours":
            continue
        group = [other for other in rows if other.algorithm == row.algorithm]
        faults = list(_faults(row, group))
        because = (reasons or {}).get(row.method, "")
        said = "misses: " + "; ".join(faults) if faults else "holds" + _unrivaled(group)
        far = row.to_floor is not None and not _near_floor(row)
        if far and not faults:
            said += f", {row.to_floor:.2f} times its floor"
        reason = f" ({because})" if because and (faults or far) else ""
        yield f"- {row.method}: {said}{reason}"


def _near_floor(row: Row) -> bool:
    return row.to_floor is not None and row.to_floor <= OF_FLOOR


def _unrivaled(group: Sequence[Row]) -> str:
    """What to add where there was nothing to be behind of."""
    peers = [row for row in group if row.role == "peer" and row.status != "missing"]
    if any(row.seconds is not None for row in peers):
        return ""
    return ", as no peer finishes" if peers else ", as no peer is measured"


def _faults(own: Row, group: Sequence[Row]) -> Iterator[str]:
    if own.seconds is None:
        yield f"{own.status}, {own.reason}"
        return
    peers = [row for row in group if row.role == "peer" and row.seconds is not None]
    behind = [row for row in peers if (row.seconds or 0) < own.seconds]
    for row in behind:
        yield f"{row.who} takes {row.seconds:.4g} s, ours {own.seconds:.4g} s"
    near_floor = _near_floor(own)
    factor = min((row.seconds or 0) / own.seconds for row in peers) if peers else None
    if not near_floor and factor is not None and factor < FACTOR:
        floor = "" if own.to_floor is None else f", {own.to_floor:.2f} times its floor"
        yield f"{factor:.1f} times as fast as the fastest peer{floor}"
    elif not near_floor and not peers and own.to_floor is not None:
        yield f"{own.to_floor:.2f} times its floor"
    for row in peers:
        theirs, held = row.peak_mib or 0.0, own.peak_mib or 0.0
        if theirs > LARGE_MIB and held > MEMORY_SHARE * theirs:
            yield f"{held:.0f} MiB is more than a quarter of {row.who}'s"
    for row in peers:
        if row.answer.startswith("worse"):
            yield f"answers worse than {row.who}"
