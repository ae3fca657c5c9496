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
    waits: list[float] = []
    start = threading.Barrier(WRITERS)

    def write(number: int) -> None:
        with closing(SqliteStore.open(tmp_path / "c")) as store:
            start.wait()
            for tell in range(TELLS):
                began = time.monotonic()
                with store._database.write() as connection:
                    waits.append(time.monotonic() - began)
                    time.sleep(0.004)
                    record = {"by": number, "tell": tell}
                    connection.exec_driver_sql(
                        "INSERT INTO records VALUES (?, json(?))",
                        (number * TELLS + tell, str(record).replace("'", '"')),
                    )

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    first = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(waits) == WRITERS * TELLS
    # Whoever is passed by all the others until they are done waits for most of the time.
    assert max(waits) < 0.6 * (time.monotonic() - first)
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
