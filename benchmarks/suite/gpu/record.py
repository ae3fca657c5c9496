"""What was measured so far, in a file that is whole after every measurement; and its tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from acqkit.errors import ConfigError
from acqkit.files import write_text


class Record:
    """Figures by phase, what, pairs and side (`device` or `cpu`); kept in `file`, if there is one.

    Raises ConfigError where the file has figures of another card, processor or plan.
    """

    def __init__(self, made_on: dict[str, Any], file: Path | None) -> None:
        self.made_on, self._file = made_on, file
        self.rows: list[dict[str, Any]] = []
        if file is None or not file.exists():
            return
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["made_on"] != made_on:
            raise ConfigError(
                f"{file} has figures of {kept['made_on']}, not of {made_on}; move it away, or give "
                "another folder with --out"
            )
        self.rows = kept["rows"]

    def find(self, phase: str, what: str, pairs: int, side: str) -> dict[str, Any] | None:
        """The figures of one measurement; None where it was not made."""
        key = (phase, what, pairs, side)
        found = (row for row in self.rows if _key(row) == key)
        return next(found, None)

    def add(self, phase: str, what: str, pairs: int, side: str, figures: dict[str, Any]) -> None:
        """Keep one measurement, and write the file."""
        self.rows.append({"phase": phase, "what": what, "pairs": pairs, "side": side, **figures})
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_text(self._file, self.json())

    def json(self) -> str:
        """All of it."""
        return json.dumps({"made_on": self.made_on, "rows": self.rows}, indent=1)

    def expected(self, phase: str, what: str, pairs: int, side: str) -> float:
        """Seconds that a measurement will take, from the largest smaller one: in proportion."""
        smaller = [
            row
            for row in self.rows
            if _key(row)[:2] == (phase, what) and row["side"] == side and row["pairs"] < pairs
        ]
        if not smaller:
            return 0.0
        last = max(smaller, key=lambda row: int(row["pairs"]))
        return float(last["seconds"]) * pairs / int(last["pairs"])


def _key(row: dict[str, Any]) -> tuple[str, str, int, str]:
    return row["phase"], row["what"], row["pairs"], row["side"]


def tables(record: Record) -> str:
    """Markdown: selections first, then the other phases, the device beside the CPU."""
    made, lines = record.made_on, []
    lines.append(f"# The phases of a round on {made['device']}\n")
    lines.append(
        f"Beside the CPU of the same machine ({made['cpu']}, {made['threads']} threads). Pools of "
        f"two modalities, 128 wide, float16, made on the device; {made['picks']:,} picks with 500 "
        "labels. Same: picks that both make. A dash: not measured within the time.\n"
    )
    lines += _table(
        ["strategy", "pairs", "device, s", "GiB there", "CPU, s", "times", "same"],
        _selections(record),
    )
    lines += _table(
        ["phase", "what", "pairs", "device", "CPU", "times", "difference"], _others(record)
    )
    lines.append(f"Made with `python benchmarks/gpu.py`, commit {made['commit']}.")
    return "\n".join(lines) + "\n"


def _selections(record: Record) -> Iterator[list[str]]:
    for there, here, row in _pairs_of(record, "selection"):
        same = "-"
        if there and here:
            same = f"{len(set(there['picks']) & set(here['picks'])):,}"
        gib = f"{there['device_gib']:.1f}" if there and "device_gib" in there else "-"
        yield [
            row["what"],
            f"{row['pairs']:,}",
            _number(there, "seconds"),
            gib,
            _number(here, "seconds"),
            _times(here, there, "seconds"),
            same,
        ]


def _others(record: Record) -> Iterator[list[str]]:
    for phase, field, unit in (
        ("training", "rate", "steps/s"),
        ("embedding", "rate", "pairs/s"),
        ("evaluation", "seconds", "s"),
    ):
        for there, here, row in _pairs_of(record, phase):
            times = _times(there, here, field) if field == "rate" else _times(here, there, field)
            difference = "-"
            if there and here and "map" in there:
                difference = f"MAP {abs(there['map'] - here['map']):.1e}"
            yield [
                f"{phase}, {unit}",
                row["what"],
                f"{row['pairs']:,}",
                _number(there, field),
                _number(here, field),
                times,
                difference,
            ]


def _pairs_of(
    record: Record, phase: str
) -> Iterator[tuple[dict[str, Any] | None, dict[str, Any] | None, dict[str, Any]]]:
    """Each measurement of a phase on the device and on the CPU, in the order of the first."""
    seen = set()
    for row in record.rows:
        key = (row["what"], row["pairs"])
        if row["phase"] == phase and key not in seen:
            seen.add(key)
            sides = (record.find(phase, *key, side) for side in ("device", "cpu"))
            there, here = sides
            yield there, here, row


def _number(row: dict[str, Any] | None, field: str) -> str:
    if row is None:
        return "-"
    value = float(row[field])
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _times(more: dict[str, Any] | None, less: dict[str, Any] | None, field: str) -> str:
    return f"{more[field] / less[field]:.3g}" if more and less else "-"


def _table(header: list[str], rows: Iterable[list[str]]) -> list[str]:
    lines = [header, ["---"] * 2 + ["---:"] * (len(header) - 2), *rows]
    return [f"| {' | '.join(line)} |" for line in lines] + [""]
