from __future__ import annotations

import os
import re
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.exc import StatementError

from acqkit import files
from acqkit.embeddings import PairEmbeddings
from acqkit.errors import AcqkitWarning, CampaignError
from acqkit.interfaces import ModelState
from acqkit.store import NewBatch, NewTraining, SqliteStore, StoredTraining, database
from acqkit.store.artifacts import DigestFile
from acqkit.testing import make_embeddings, make_pool


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore.create(tmp_path / "c", {"seed": 1, "nothing": None})
    yield made
    made.close()


def batch(round: int, *positions: int, embeddings: str | None = None) -> NewBatch:
    return NewBatch(round, "random", np.array(positions), embeddings=embeddings)


def embeddings(seed: int = 0) -> PairEmbeddings:
    return make_embeddings(make_pool(12), seed=seed)


def raw(tmp_path: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(tmp_path / "c" / "campaign.sqlite"))


def test_the_schema_refuses_what_no_step_should_write(store: SqliteStore, tmp_path: Path) -> None:
    store.add_batch(batch(0, 5, 3))
    store.add_answers({5: (1,)}, "ann")
    with pytest.raises(CampaignError, match="is as it was"):
        store.add_batch(batch(1, 3))
    assert store.state().next_round == 1
    with raw(tmp_path) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        for statement in (
            "UPDATE answers SET classes = '[2]'",
            "DELETE FROM answers",
            "INSERT INTO answers VALUES (9, 0, 99, 0, 'ann', 'unsure', NULL, '')",
            "INSERT INTO answers VALUES (9, 1, 5, 0, 'ann', 'unsure', NULL, '')",
            "INSERT INTO answers VALUES (9, 0, 5, 0, 'ann', 'unsure', NULL, '')",
            "INSERT INTO answers VALUES (9, 0, 3, 0, 'ann', 'maybe', NULL, '')",
            "INSERT INTO answers VALUES (9, 0, 3, 0, 'ann', 'classes', NULL, '')",
            "INSERT INTO assignments VALUES (0, 4, 'ann', '')",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute(statement)


def test_transactions_are_durable_and_foreign_keys_are_on(store: SqliteStore) -> None:
    with store._database.write() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "application_id")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "application_id": int.from_bytes(b"acqt", "big"),
    }


def keep(store: SqliteStore, seed: int = 0, model: ModelState | None = None) -> StoredTraining:
    found = embeddings(seed)
    with store.new_embeddings(found.positions) as writer:
        for block in found.blocks(size=5):
            writer.write(block)
        return store.keep_training(NewTraining(f"key {seed}", {"seed": seed}, model), writer)


def artifacts(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "c" / "artifacts").glob("[!.]*")}


def test_only_embeddings_of_the_latest_batch_and_training_are_kept(
    store: SqliteStore, tmp_path: Path
) -> None:
    names = []
    for seed in range(3):
        names.append(keep(store, seed).name)
        store.add_batch(batch(seed, seed, embeddings=names[-1]))
        assert artifacts(tmp_path) == {names[-1].partition("/")[2]}
    store.add_batch(batch(3, 7))
    latest = keep(store, 3).name
    found = store.embeddings()
    assert found is not None
    np.testing.assert_array_equal(found.a.mean, embeddings(2).a.mean)
    assert isinstance(found.a.mean, np.memmap)
    assert artifacts(tmp_path) == {name.partition("/")[2] for name in (names[-1], latest)}
    shutil.rmtree(tmp_path / "c" / names[-1])
    assert store.embeddings() is None


def test_what_is_no_part_of_an_artifact_is_not_taken_for_one(
    store: SqliteStore, tmp_path: Path
) -> None:
    name = keep(store).name
    store.add_batch(batch(0, 1, embeddings=name))
    file = tmp_path / "c" / name / "a_mean.npy"
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    with pytest.warns(AcqkitWarning, match="is damaged"):
        assert store.embeddings() is None
    with pytest.warns(AcqkitWarning, match="is damaged"):
        assert keep(store).name == name
    assert store.embeddings() is not None


def test_embeddings_named_by_their_round_are_found_until_there_are_newer_ones(
    store: SqliteStore, tmp_path: Path
) -> None:
    folder = tmp_path / "c" / "embeddings-000"
    folder.mkdir()
    embeddings(5).save(folder)
    store.add_batch(batch(0, 1, embeddings="embeddings-000"))
    found = store.embeddings()
    assert found is not None
    np.testing.assert_array_equal(found.a.mean, embeddings(5).a.mean)
    name = keep(store, 6).name
    assert folder.exists()
    store.add_batch(batch(1, 2, embeddings=name))
    assert not folder.exists() and store.embeddings() is not None


def test_a_batch_does_without_embeddings_that_another_process_removed(
    store: SqliteStore, tmp_path: Path
) -> None:
    first = keep(store, 0)
    with closing(SqliteStore.open(tmp_path / "c")) as other:
        keep(other, 1)
    np.testing.assert_array_equal(first.embeddings.a.mean, embeddings(0).a.mean)
    assert store.add_batch(batch(0, 1, embeddings=first.name)) == "batch-000"
    assert store.embeddings() is None


def test_what_killed_processes_left_is_removed_when_it_is_old(
    store: SqliteStore, tmp_path: Path
) -> None:
    home = tmp_path / "c" / "artifacts"
    old, young = home / ".draft.aa.new", home / ".draft.bb.new"
    for path in (old, young):
        path.mkdir(parents=True)
        (path / "a_mean.npy").write_text("half")
    long_ago = time.time() - files.ABANDONED_AFTER - 1
    for path in (old / "a_mean.npy", old):
        os.utime(path, (long_ago, long_ago))
    keep(store)
    assert not old.exists() and young.exists()


def test_a_disk_without_room_says_so(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: DigestFile, data: object) -> int:
        raise OSError(28, "No space left on device")

    kept = keep(store).name
    monkeypatch.setattr(DigestFile, "write", full)
    with pytest.raises(CampaignError, match=r"cannot be kept in .*/c: .*No space left"):
        keep(store, 1)
    assert artifacts(tmp_path) == {kept.partition("/")[2]}
    assert list((tmp_path / "c" / "artifacts").glob(".*")) == []


def test_a_store_that_cannot_be_filled_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StatementError):
        SqliteStore.create(tmp_path / "c", {"seed": object()})
    assert list(tmp_path.iterdir()) == []


def test_two_that_create_at_once_make_one(tmp_path: Path) -> None:
    start, outcomes = threading.Barrier(4), []

    def create() -> None:
        start.wait()
        try:
            SqliteStore.create(tmp_path / "c", {"seed": 1}, {3: (0,)}).close()
            outcomes.append("made")
        except CampaignError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes)[-1] == "made"
    assert all("already holds a campaign" in outcome for outcome in sorted(outcomes)[:-1])
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("PRAGMA user_version = 7", r"made by a newer acqkit \(schema 7, this one reads 2\)"),
        ("PRAGMA user_version = 0", r"made by an older acqkit \(schema 0, this one reads 2\)"),
        ("PRAGMA application_id = 3", r"campaign\.sqlite was not made by acqkit"),
    ],
)
def test_other_schemas_are_refused(
    store: SqliteStore, tmp_path: Path, statement: str, message: str
) -> None:
    store.close()
    with raw(tmp_path) as connection:
        connection.execute(statement)
    with pytest.raises(CampaignError, match=message):
        SqliteStore.open(tmp_path / "c")


def test_files_that_are_no_database_are_refused(store: SqliteStore, tmp_path: Path) -> None:
    store.close()
    (tmp_path / "c" / "campaign.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(CampaignError, match=r"campaign\.sqlite cannot be used.*not a database"):
        SqliteStore.open(tmp_path / "c")


def test_a_locked_campaign_says_so(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    patient = SqliteStore.open(tmp_path / "c")
    with closing(patient), raw(tmp_path) as other:
        other.execute("BEGIN IMMEDIATE")
        assert patient.state().next_round == 0
        with pytest.raises(CampaignError, match=r"was locked by another process for .* 0\.05"):
            patient.add_batch(batch(0, 1))
        other.rollback()
        assert patient.add_batch(batch(0, 1)) == "batch-000"


def test_a_closed_store_says_so(store: SqliteStore, tmp_path: Path) -> None:
    store.close()
    with pytest.raises(CampaignError, match=re.escape(f"{tmp_path / 'c'} is closed")):
        store.state()


def test_file_systems_without_shared_memory_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = sqlite3.connect

    class NoWal(sqlite3.Connection):
        def cursor(self, *arguments: object, **options: object) -> sqlite3.Cursor:  # type: ignore[override]
            return super().cursor(NoWalCursor)

    class NoWalCursor(sqlite3.Cursor):
        def execute(self, statement: str, parameters: object = ()) -> sqlite3.Cursor:  # type: ignore[override]
            return super().execute(statement.replace("= WAL", "= DELETE"))

    monkeypatch.setattr(
        "sqlite3.dbapi2.connect",
        lambda *arguments, **options: original(*arguments, **options, factory=NoWal),
    )
    with pytest.raises(CampaignError, match="offers journal mode 'delete', not 'wal'"):
        SqliteStore.create(tmp_path / "c", {})
    assert list(tmp_path.iterdir()) == []
