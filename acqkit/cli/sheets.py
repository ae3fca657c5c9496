"""The CSV sheets that annotators fill in."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from acqkit.campaign import SKIP, Batch
from acqkit.errors import CampaignError
from acqkit.pool import PairPool

CANNOT_TELL = "?"
NO_CLASS = "-"
SEPARATOR = ";"


def sheet_bytes(batch: Batch, pool: PairPool) -> bytes:
    """One row for each pair that nobody has answered: batch, id, the text to look at, no label."""
    columns = [name for name, values in pool.display.items() if _is_text(values)]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["batch", "id", *columns, "label"])
    for pair_id, position in zip(batch.pending, pool.position_of(batch.pending), strict=True):
        shown = [pool.display[name][int(position)] for name in columns]
        writer.writerow([batch.batch_id, pair_id, *shown, ""])
    return text.getvalue().encode()


def _is_text(values: Any) -> bool:
    return len(values) > 0 and not isinstance(values[0], bytes)


def read_sheet(path: Path, pool: PairPool) -> Mapping[str, Mapping[Any, Any]]:
    """Answers by batch and id; raises CampaignError naming the file and the first bad row."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CampaignError(f"{path} cannot be read as a sheet: {error}") from None
    missing = {"batch", "id", "label"} - set(rows[0] if rows else ())
    if missing:
        names = ", ".join(sorted(missing))
        raise CampaignError(f"{path} lacks the columns {names}; use a sheet that `ask` wrote")
    by_text = {str(value): value for value in pool.ids.tolist()}
    answers: dict[str, dict[Any, Any]] = {}
    for line, row in enumerate(rows, start=2):
        label = (row["label"] or "").strip()
        if not label:
            continue
        if row["id"] not in by_text:
            raise CampaignError(f"{path} line {line}: the pool has no pair with id {row['id']!r}")
        answers.setdefault(row["batch"], {})[by_text[row["id"]]] = _answer(label, pool.multilabel)
    return answers


def _answer(label: str, multilabel: bool) -> Any:
    if label == CANNOT_TELL:
        return SKIP
    if not multilabel:
        return label
    if label == NO_CLASS:
        return []
    return [part.strip() for part in label.split(SEPARATOR)]
