"""Sheets in tests of the command: read, and filled in as people would."""

from __future__ import annotations

import csv
from pathlib import Path

from acqkit import Campaign


def rows(sheet: Path) -> list[dict[str, str]]:
    with sheet.open(newline="") as file:
        return list(csv.DictReader(file))


def fill(sheet: Path, *labels: str) -> None:
    """Write the first labels into a sheet, as people would."""
    found = rows(sheet)
    for row, label in zip(found, labels, strict=False):
        row["label"] = label
    with sheet.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)


def counts(folder: Path) -> tuple[int, int, int]:
    """Labeled, pending and free pairs."""
    with Campaign.open(folder) as campaign:
        status = campaign.status()
    return status.labeled, status.pending, status.free
