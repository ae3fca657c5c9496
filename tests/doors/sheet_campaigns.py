"""Small campaigns that were asked and partly told, with their sheets, for doors to start from."""

from __future__ import annotations

import atexit
import csv
import functools
import io
import json
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from acqkit import Campaign
from acqkit.campaign import SKIP
from acqkit.cli.sheets import sheet_bytes
from acqkit.pool.open import open_pool

Rows = list[list[str]]

CLASSES: dict[str, list[str]] = {
    "plain": ["cat", "dog", "emu"],
    "tricky": ["?", "a;b", "a", "b", "007", "7,5", "Hündin", "true", '"a"', "x y"],
    "numbers": ["0", "1", "1500"],
    "dashes": ["-", "cat", "=1+1", "1,500", "é", "N/A"],
}
"""Class names by setting; the second and the fourth have several labels a pair."""

MULTI = ("tricky", "dashes")

IDS: dict[str, list[Any]] = {
    "plain": [f"p{number}" for number in range(12)],
    "tricky": ["007", "1-2", "x", "Ä", "p;q", '"q"', " pad", "true", "=1", "NA", "1,5", "y\nz"],
    "numbers": list(range(12)),
    "dashes": ["?", "é", "a", "b", "c,d", "3E5", "f", "ö", "i", "j", "-k", "12345678901234567890"],
}

ANSWERED = "ann"
"""Who has answered the first pair of the first batch."""


@dataclass(frozen=True)
class Made:
    """A campaign's folder, and what sheets of it say: `keys` by id as text."""

    folder: Path
    names: list[str]
    multilabel: bool
    ids: list[Any]
    batches: dict[str, list[Any]]
    rows: Rows
    keys: dict[str, str]
    log: list[Any]


@functools.cache
def made(setting: str) -> Made:
    """A campaign with two open batches of four and three pairs, and two pairs withdrawn."""
    home = root() / setting
    home.mkdir()
    rng, ids = np.random.default_rng(0), IDS[setting]
    np.savez(
        home / "pool.npz",
        modality_a=rng.normal(size=(12, 2)).astype(np.float32),
        modality_b=rng.normal(size=(12, 3)).astype(np.float32),
        ids=np.array(ids),
        class_names=np.array(CLASSES[setting]),
        multilabel=np.array(setting in MULTI),
        split=np.where(np.arange(12) < 11, "train", "test"),
    )
    pool = open_pool(home / "pool.npz")
    parts: dict[str, Any] = {"strategy": "random", "model": "sklearn"}
    parts["pool_reference"] = str(home / "pool.npz")
    with Campaign.create(home / "campaign", pool, **parts) as campaign:
        batches = [campaign.ask(n) for n in (4, 3, 2)]
        sheets = [sheet_bytes(batch, pool).decode("utf-8-sig") for batch in batches]
        campaign.withdraw(batches[2].batch_id)
        first = batches[0].ids[0]
        answer = SKIP if setting == "plain" else CLASSES[setting][0]
        campaign.tell(batches[0].batch_id, {first: answer}, annotator=ANSWERED)
    tables = [[*csv.reader(io.StringIO(text, newline=""))] for text in sheets]
    rows = [tables[0][0], *(row for table in tables for row in table[1:])]
    asked = [pair for batch in batches for pair in batch.ids]
    return Made(
        home / "campaign",
        CLASSES[setting],
        setting in MULTI,
        ids,
        {batch.batch_id: [*batch.ids] for batch in batches},
        rows,
        {str(pair): row[-2] for pair, row in zip(asked, rows[1:], strict=True)},
        log_of(home / "campaign"),
    )


def log_of(folder: Path) -> list[Any]:
    """Lines of a campaign's answers log as its file has them: position, who, classes."""
    with closing(sqlite3.connect(folder / "campaign.sqlite")) as connection:
        found = connection.execute("SELECT position, annotator, classes FROM answers").fetchall()
    return [(position, who, classes and json.loads(classes)) for position, who, classes in found]


@functools.cache
def root() -> Path:
    """A folder for campaigns to be copied, gone when this process ends."""
    made = Path(tempfile.mkdtemp(prefix="acqkit-doors-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made
