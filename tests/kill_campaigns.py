"""Kill a running campaign at random instants; see what is lost. Run with --help.

Each process is forked from one that has imported everything, so that hundreds of kills take
no more than a minute or two.
"""

from __future__ import annotations

import json
import random
import sqlite3
import time
import warnings
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from acqkit import Batch, Campaign
from acqkit.errors import AcqkitWarning
from acqkit.store import SqliteStore
from killable import print_tally, run_in_fork
from simulated_annotators import (
    ById,
    light_campaign,
    make_campaign_pool,
    mistaken_label,
    true_label,
)

ROUNDS = 24
PER_ROUND = 3
FIRST = 120
"""Pairs that a campaign begins with."""

POOL = make_campaign_pool(150)
FIRST_NAMES = POOL.class_names
LONGEST_LIFE = 0.4
"""Seconds: an uninterrupted campaign takes longer, so that most processes are killed."""


@dataclass
class Tally:
    """What happened."""

    kills: int = 0
    kills_before_creation: int = 0
    campaigns: int = 0
    acknowledged: int = 0
    lost: int = 0
    seconds: float = 0.0


def work(folder: Path, journal: TextIO, rounds: int = ROUNDS) -> None:
    """Ask and tell until all rounds are answered; journal every answer that `tell` accepted."""
    with _campaign(folder) as campaign:
        while True:
            batches = campaign.batches()
            if batches:
                answer(campaign, batches[-1], journal)
            if len(batches) == rounds:
                return
            grow(campaign, len(batches))
            campaign.ask(PER_ROUND, strategy=None if batches else ById())


def _campaign(folder: Path) -> AbstractContextManager[Campaign]:
    """It is made with some of the pairs that its pool has later."""
    return light_campaign(folder, pool=POOL if folder.exists() else POOL.take(np.arange(FIRST)))


def grow(campaign: Campaign, rounds: int) -> None:
    """Let the campaign grow in each way, once; repeated after a kill, it changes nothing."""
    names = campaign.live_classes
    if rounds >= 3:
        campaign.add_pairs(POOL)
    if rounds >= 5 and "emu" not in campaign.pool.class_names:
        campaign.add_class("emu")
    if rounds >= 7 and "emu" in names:
        campaign.merge_classes(["emu"], "cat")
    if rounds >= 9 and "cat" in names:
        campaign.rename_class("cat", "tomcat")


def answer(campaign: Campaign, batch: Batch, journal: TextIO) -> None:
    """Answer in two halves, mistakes first; repeated after a kill, it changes nothing."""
    for half in (batch.ids[1::2], batch.ids[::2]):
        mistakes = {
            pair: mistaken_label(pair)
            for pair in half
            if pair in batch.pending and mistaken_label(pair)
        }
        tell(campaign, batch, mistakes, "hasty", journal)
        tell(campaign, batch, {pair: true_label(pair) for pair in half}, "careful", journal)


def tell(
    campaign: Campaign, batch: Batch, labels: dict[str, Any], annotator: str, journal: TextIO
) -> None:
    campaign.tell(batch.batch_id, labels, annotator=annotator, replace=annotator == "careful")
    for pair, label in labels.items():
        name = label if isinstance(label, str) else None
        journal.write(json.dumps([pair, annotator, name]) + "\n")
    journal.flush()


def run_process(folder: Path, journal: Path, seconds: float | None, rounds: int = ROUNDS) -> bool:
    """Work in a process of its own, killed after `seconds`; whether it was killed."""

    def note_while_working() -> None:
        with journal.open("a", encoding="utf-8") as file:
            work(folder, file, rounds)

    return run_in_fork(note_while_working, seconds)


def acknowledged(journal: Path) -> list[tuple[str, str, str | None]]:
    """The answers in the journal; a last line that a kill cut off was not acknowledged."""
    lines = journal.read_text(encoding="utf-8").split("\n")[:-1] if journal.exists() else []
    return [tuple(json.loads(line)) for line in lines]


def history(folder: Path) -> dict[str, Any]:
    """Everything a campaign holds except times."""
    with _campaign(folder) as campaign:
        ids = campaign.pool.ids.tolist()
        batches = [
            (b.batch_id, b.round, b.ids, b.strategy, b.record, b.pending, _numbers(b))
            for b in campaign.batches()
        ]
    store = SqliteStore.open(folder)
    log = [
        (ids[a.position], a.annotator, None if a.classes is None else FIRST_NAMES[a.classes[0]])
        for a in store.answers_log()
    ]
    changes = store.changes()
    store.close()
    return {"batches": batches, "log": log, "changes": changes}


def _numbers(batch: Batch) -> Any:
    return None if batch.scores is None else batch.scores.tolist()


def check_lost(folder: Path, journal: Path) -> int:
    """How many acknowledged answers are not in the campaign."""
    noted = set(acknowledged(journal))
    if not noted:
        return 0
    return len(noted - set(history(folder)["log"]))


def check_whole(folder: Path) -> None:
    """Assert that the database and the arrays that it names are sound."""
    with sqlite3.connect(folder / "campaign.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
    with _campaign(folder) as campaign:
        assert campaign.embeddings is not None
        campaign.embeddings.validate()
    # Kills between a commit and the removal of what it outdated leave some until the next one.
    assert 1 <= len(list(folder.glob("artifacts/[!.]*"))) <= 4


def kill_campaigns(kills: int, seed: int, root: Path) -> Tally:
    """Kill campaigns at instants drawn from `seed` until there were `kills`."""
    began = time.perf_counter()
    chance = random.Random(seed)
    twin = root / "uninterrupted"
    run_process(twin, root / "uninterrupted.jsonl", None)
    wanted = history(twin)
    tally = Tally()
    while tally.kills < kills:
        folder = root / f"campaign-{tally.campaigns}"
        journal = folder.with_suffix(".jsonl")
        while True:
            left = kills - tally.kills
            killed = run_process(folder, journal, chance.uniform(0, LONGEST_LIFE) if left else None)
            tally.kills += killed
            tally.kills_before_creation += killed and not folder.exists()
            tally.lost += check_lost(folder, journal)
            if not killed:
                break
        tally.campaigns += 1
        tally.acknowledged += len(acknowledged(journal))
        assert history(folder) == wanted, "an interrupted campaign went another way"
        check_whole(folder)
    tally.seconds = round(time.perf_counter() - began, 1)
    return tally


if __name__ == "__main__":
    # Of pairs that the pool has and the campaign does not have yet.
    warnings.simplefilter("ignore", AcqkitWarning)
    assert print_tally(kill_campaigns, __doc__).lost == 0, "answers were lost"
