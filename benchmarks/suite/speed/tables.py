"""The Markdown of a speed suite: a table a pool size, growth, and what misses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from suite.speed.config import SpeedSuite
from suite.speed.rows import Row, exponents
from suite.speed.scene import WARM_UP
from suite.speed.verdict import verdicts

_HEAD = (
    "algorithm | who | seconds | peak MiB | times its floor | ours is faster by "
    "| ours needs of its memory | same answer"
)
_NOTES = """\
Every row is one process: seconds are the median of {repeats} selections or more (up to 25 of quick
ones, no more once {patience:g} s have gone into them) after a warm-up on {warm} pairs; peak MiB is
memory beyond what was held before and beyond mapped files, read from outside every 5 ms. All read
the same memory-mapped arrays; threads: {threads}. Past {seconds:g} s (a peer: {peer:g} s)
or {gib:g} GiB a selection is ended, and what a peer does not finish it is not asked for on a larger
pool. Ours reads and unifies two modalities, peers read one array. Classifiers, ensembles and unit
vectors that a peer wants are made before its clock starts, ours' after. Floors are bare loops over
the same arrays; what each does is in `benchmarks/suite/speed/floors.py`."""


def markdown(suite: SpeedSuite, rows: Sequence[Row], made_with: Mapping[str, Any]) -> str:
    """The whole report."""
    notes = _NOTES.format(
        repeats=suite.repeats,
        warm=WARM_UP,
        threads=suite.threads,
        seconds=suite.limit_seconds,
        peer=suite.peer_seconds or suite.limit_seconds,
        patience=suite.patience,
        gib=suite.limit_gib,
    )
    parts = [f"# {suite.title}", f"`{made_with['command']}`", suite.description.strip(), notes]
    if made_with["open"]:
        parts.append(
            f"{made_with['open']} more measurements of the suite are not made yet: "
            "`--resume` goes on."
        )
    reasons = {entry.title: entry.because for entry in suite.strategies}
    measured = [row for row in rows if row.status != "missing"]
    for size in dict.fromkeys((row.pairs, row.dim, row.batch) for row in measured):
        own = [row for row in rows if (row.pairs, row.dim, row.batch) == size]
        pairs, dim, batch = size
        parts.append(f"## {pairs:,} pairs x {dim}, {batch:,} picks, {suite.labeled} labeled")
        parts.append("\n".join(_table(own)))
        parts.append("\n".join(verdicts(own, reasons)))
    growth = list(_growth(rows))
    if len(growth) > 2:
        parts += ["## Growth", "Seconds grow as pairs to the power of:", "\n".join(growth)]
    parts += ["## Made with", "\n".join(_environment(made_with))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(rows: Sequence[Row]) -> Iterator[str]:
    yield f"| {_HEAD} |"
    yield "|" + " --- |" * len(_HEAD.split(" | "))
    for row in sorted(rows, key=_place(rows)):
        cells = [
            row.algorithm,
            _who(row),
            _seconds(row),
            _number(row.peak_mib, ",.0f"),
            _number(row.to_floor, ".2f"),
            _number(row.speedup, ".3g", "x"),
            _number(row.memory_share, ".0%"),
            row.answer,
        ]
        yield "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _place(rows: Sequence[Row]) -> Any:
    """Algorithm by algorithm, in each ours, then peers by speed, then the floors."""
    algorithms = list(dict.fromkeys(row.algorithm for row in rows))
    roles = ("ours", "peer", "floor")

    def place(row: Row) -> tuple[int, int, float]:
        seconds = float("inf") if row.seconds is None else row.seconds
        order = 0.0 if row.role == "ours" else seconds
        return algorithms.index(row.algorithm), roles.index(row.role), order

    return place


def _who(row: Row) -> str:
    if row.role == "ours":
        return f"**{row.method}**"
    return f"*{row.method}*" if row.role == "floor" else f"{row.who}: {row.method}"


def _seconds(row: Row) -> str:
    if row.seconds is None:
        return row.reason if row.status == "DNF" else f"{row.status}: {row.reason}"
    return f"{row.seconds:.4f}" if row.seconds < 0.1 else f"{row.seconds:.3g}"


def _number(value: float | None, form: str, unit: str = "") -> str:
    return "" if value is None else f"{value:{form}}{unit}"


def _growth(rows: Sequence[Row]) -> Iterator[str]:
    slopes = exponents(rows)
    sizes = sorted({row.pairs for row in rows})
    yield "| who | width | picks | " + " | ".join(f"{size:,}" for size in sizes) + " | exponent |"
    yield "|" + " --- |" * (4 + len(sizes))
    for (who, method, dim, batch), slope in slopes.items():
        own = {
            row.pairs: row
            for row in rows
            if (row.who, row.method, row.dim, row.batch) == (who, method, dim, batch)
        }
        cells = [_seconds(own[size]) if size in own else "" for size in sizes]
        numbers = " | ".join([str(dim), str(batch), *cells])
        yield f"| {who}: {method} | {numbers} | {slope:.2f} |"


def _environment(made_with: Mapping[str, Any]) -> Iterator[str]:
    versions = made_with["versions"]
    yield f"- commit {made_with['commit']}, Python {made_with['python']}"
    yield f"- {made_with['cpu']}, {made_with['cores']} cores, {made_with['system']}"
    yield f"- {made_with['threads']}"
    yield "- " + ", ".join(f"{name} {version}" for name, version in versions.items())
