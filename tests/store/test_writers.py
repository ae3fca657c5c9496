"""Several processes that write to one campaign: each has its turn."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from acqkit.errors import CampaignError
from acqkit.store import SqliteStore, database

pytestmark = pytest.mark.net

WRITERS, TELLS = 5, 40


def test_writers_that_hold_the_campaign_all_the_time_let_the_others_in(tmp_path: Path) -> None:
    SqliteStore.create(tmp_path / "c", {"seed": 1}).close()
    turns: list[int] = []
    passed: list[int] = []
    start = threading.Barrier(WRITERS)

    def write(number: int) -> None:
        with closing(SqliteStore.open(tmp_path / "c")) as store:
            start.wait()
            for tell in range(TELLS):
                before = len(turns)
                with store._database.write() as connection:
                    passed.append(len(turns) - before)
                    turns.append(number)
                    time.sleep(0.004)
                    record = {"by": number, "tell": tell}
                    connection.exec_driver_sql(
                        "INSERT INTO records VALUES (?, json(?))",
                        (number * TELLS + tell, str(record).replace("'", '"')),
                    )

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(turns) == WRITERS * TELLS
    # Each of four that wait has a like chance at the head of the line: the longest of 200 waits
    # is about 20 turns; without a line, a hundred and more, whoever writes being back first.
    assert max(passed) < 60
    with closing(SqliteStore.open(tmp_path / "c")) as store:
        assert [(r["by"], r["tell"]) for r in store.records()] == [
            (number, tell) for number in range(WRITERS) for tell in range(TELLS)
        ]


def test_who_waits_in_vain_leaves_the_store_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with (
        closing(SqliteStore.create(tmp_path / "c", {"seed": 1})) as store,
        closing(sqlite3.connect(tmp_path / "c" / "campaign.sqlite")) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CampaignError, match="was locked by another process"):
            store.add_record(0, {})
        other.rollback()
        store.add_record(0, {"a": 1})
        assert store.records() == [{"a": 1}]
        with store._database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 50
