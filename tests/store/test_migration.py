"""Campaigns of schema 1. `schema-1` is one that acqkit made at commit 56cbec3."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from acqkit import Campaign, load_pool
from acqkit.errors import CampaignError
from acqkit.labels import SKIPPED
from acqkit.store import SqliteStore, database
from acqkit.store.schema import metadata
from killable import run_in_fork

MADE = Path(__file__).with_name("schema-1")
LOG = [
    ("im1", "team", (2,), 0),
    ("im2", "team", (0,), 0),
    ("im14", "ann", (0,), 0),
    ("im4", "ann", (1,), 0),
    ("im9", "ann", None, 0),
    ("im14", "bob", (0,), 0),
    ("im4", "bob", (2,), 1),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(MADE, tmp_path, dirs_exist_ok=True)
    return tmp_path / "campaign"


def change(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "campaign.sqlite")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_a_campaign_of_schema_1_opens_with_every_answer(folder: Path) -> None:
    pool = load_pool(folder.parent / "pool.npz")
    with Campaign.open(folder, pool) as campaign:
        ids = pool.ids.tolist()
        found = campaign._store.answers_log()
        assert [(ids[a.position], a.annotator, a.classes, a.revision) for a in found] == LOG
        assert [a.number for a in found] == list(range(1, 8))
        labels = campaign.labels
        assert {ids[p]: labels.matrix[p].argmax() for p in labels.labeled} == {
            "im1": 2, "im2": 0, "im14": 0, "im4": 2,
        }  # fmt: skip
        assert labels.round[ids.index("im9")] == SKIPPED
        given, random, scored = campaign.batches()
        assert (given.given, given.ids) == (True, ("im1", "im2"))
        assert random.ids == ("im14", "im4", "im9", "im7", "im3")
        assert random.pending == ("im7", "im3")
        assert scored.ids == scored.pending == ("im8", "im11", "im16")
        assert scored.scores is not None and np.allclose(scored.scores, 0.79643553)
        assert campaign.embeddings is not None and len(campaign.embeddings) == 16
        assert campaign.records() == [{"note": "kept"}]
        counts = Counter({"team": 2, "ann": 3, "bob": 2})
        assert campaign.status().answers_by_annotator == counts
        # And it goes on.
        assert campaign.ask(2, strategy="random").round == 3
        campaign.tell("batch-001", {"im7": "dog"}, annotator="ann")
        assert campaign.withdraw("batch-002") == ("im8", "im11", "im16")
    with Campaign.open(folder, pool) as campaign:
        assert len(campaign._store.answers_log()) == 8


def test_the_file_as_it_was_is_kept_beside_it(folder: Path) -> None:
    before = (folder / "campaign.sqlite").read_bytes()
    for _ in range(2):
        SqliteStore.open(folder).close()
    assert version(folder / "campaign.sqlite") == 2
    assert version(folder / database.EARLIER_NAME) == 1
    with (
        closing(sqlite3.connect(folder / database.EARLIER_NAME)) as kept,
        closing(sqlite3.connect(MADE / "campaign" / "campaign.sqlite")) as made,
    ):
        assert list(kept.iterdump()) == list(made.iterdump())
    assert before == (MADE / "campaign" / "campaign.sqlite").read_bytes()
    with closing(sqlite3.connect(folder / "campaign.sqlite")) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        assert {name for (name,) in tables} == metadata.tables.keys()
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute("DELETE FROM answers")


def test_what_schema_1_kept_beside_the_settings_has_its_own_place(folder: Path) -> None:
    items = [
        {"position": 8, "round": 2, "rank": 0, "score": 0.5, "terms": {}},
        {"position": 16, "round": 2, "rank": 2, "score": 0.125, "terms": {}},
    ]
    withdrawn = json.dumps({"at": "2026-01-01", "items": items})
    training = {"key": "k", "record": {"steps": 3}, "embeddings": "artifacts/e", "model": None}
    change(
        folder,
        "DELETE FROM items WHERE position IN (8, 16)",
        f"INSERT INTO settings VALUES ('withdrawn from round 2', '{withdrawn}')",
        f"INSERT INTO settings VALUES ('latest training', '{json.dumps(training)}')",
    )
    with closing(SqliteStore.open(folder)) as store:
        assert store.settings().keys() == {
            "pool", "fingerprint", "seed", "device", "pool_reference", "strategy", "trainer",
            "model",
        }  # fmt: skip
        batch = store.batch("batch-002")
        assert batch is not None
        assert (batch.positions.tolist(), batch.withdrawn.tolist()) == ([11], [8, 16])
        assert store.state().taken.tolist() == [1, 2, 3, 4, 7, 9, 11, 14]
        store.check(20, 3, False)
    with closing(sqlite3.connect(folder / "campaign.sqlite")) as connection:
        kept = connection.execute("SELECT * FROM trainings").fetchall()
        assert kept == [("k", '{"steps":3}', "artifacts/e", None)]
        gone = "SELECT rank, score, terms FROM items WHERE withdrawn = '2026-01-01' ORDER BY rank"
        assert connection.execute(gone).fetchall() == [(0, 0.5, "{}"), (2, 0.125, "{}")]


def test_where_nothing_may_be_written_it_is_looked_at_as_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with closing(SqliteStore.open(folder)) as store:
        assert len(store.answers_log()) == 7 and len(store.batches()) == 3
        with pytest.raises(CampaignError, match="can only be looked at"):
            store.withdraw(2)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_kills_while_it_is_migrated_lose_nothing(folder: Path, tmp_path: Path) -> None:
    for attempt in range(8):
        copy = tmp_path / f"copy-{attempt}"
        shutil.copytree(folder, copy)
        run_in_fork(lambda copy=copy: SqliteStore.open(copy).close(), 0.004 * attempt)  # type: ignore[misc]
        with closing(SqliteStore.open(copy)) as store:
            assert len(store.answers_log()) == 7
        assert version(copy / database.EARLIER_NAME) == 1


def test_what_cannot_be_migrated_stays_as_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(database, "publish", full)
    with pytest.raises(CampaignError, match=r"no copy of it can be kept in .*No space left"):
        SqliteStore.open(folder)
    monkeypatch.undo()
    change(folder, "INSERT INTO settings VALUES ('withdrawn from round 1', '{')")
    with pytest.raises(CampaignError, match="malformed JSON"):
        SqliteStore.open(folder)
    assert version(folder / "campaign.sqlite") == 1
