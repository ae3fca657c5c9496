"""Copies of a campaign's folder, made while others work in it."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acqkit.errors import CampaignError
from acqkit.interfaces import ModelState
from acqkit.store import NewBatch, NewTraining, SqliteStore, StoredTraining
from acqkit.testing import make_embeddings, make_pool


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore.create(tmp_path / "c", {"seed": 1})) as made:
        yield made


def train(store: SqliteStore, seed: int) -> StoredTraining:
    found = make_embeddings(make_pool(12), seed=seed)
    with store.new_embeddings(found.positions) as writer:
        writer.write(found)
        training = NewTraining(f"key {seed}", {"seed": seed}, ModelState({}, {"seed": seed}))
        return store.keep_training(training, writer)


def test_a_copy_made_while_others_answer_is_a_moment_of_the_log(
    store: SqliteStore, tmp_path: Path
) -> None:
    store.add_batch(NewBatch(0, "random", np.arange(400)))
    began, stop = threading.Event(), threading.Event()

    def answer() -> None:
        with closing(SqliteStore.open(tmp_path / "c")) as other:
            for position in range(0, 400, 2):
                other.add_answers({position: (1,), position + 1: (0,)}, "ann")
                began.set()
                if stop.is_set():
                    return

    thread = threading.Thread(target=answer)
    thread.start()
    began.wait()
    copies = [tmp_path / f"copy-{k}" for k in range(8)]
    for copy in copies:
        store.backup(copy)
    stop.set()
    thread.join()
    whole = store.answers_log()
    lengths = []
    for copy in copies:
        with closing(SqliteStore.open(copy)) as opened:
            log = opened.answers_log()
        with closing(sqlite3.connect(copy / "campaign.sqlite")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert log == whole[: len(log)] and len(log) % 2 == 0
        lengths.append(len(log))
    assert lengths == sorted(lengths) and lengths[0] >= 2


def test_answers_that_are_not_yet_in_the_main_file_are_copied(
    store: SqliteStore, tmp_path: Path
) -> None:
    store.add_answers({3: (1,)}, "ann")
    naive = tmp_path / "naive"
    naive.mkdir()
    shutil.copy(tmp_path / "c" / "campaign.sqlite", naive)
    with closing(SqliteStore.open(naive)) as opened:
        assert opened.answers_log() == []  # else the next lines would show nothing
    store.backup(tmp_path / "copy")
    with closing(SqliteStore.open(tmp_path / "copy")) as opened:
        assert [answer.position for answer in opened.answers_log()] == [3]


def test_sheets_are_copied_and_what_processes_leave_is_not(
    store: SqliteStore, tmp_path: Path
) -> None:
    (tmp_path / "c" / "batch-000.csv").write_text("batch,id,label\nbatch-000,3,cat\n")
    (tmp_path / "c" / ".batch-001.csv.aa.new").write_text("half of a sh")
    assert (tmp_path / "c" / "campaign.sqlite-wal").exists()
    store.backup(tmp_path / "copy")
    copied = {path.name for path in (tmp_path / "copy").iterdir()}
    assert copied == {"campaign.sqlite", "batch-000.csv"}
    assert (tmp_path / "copy" / "batch-000.csv").read_text().endswith("3,cat\n")


def test_a_model_that_is_replaced_while_it_is_copied_is_copied_as_the_new_one(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(store, 0)
    copytree, calls = shutil.copytree, []

    def slow(source: Path, target: Path, **options: Any) -> Any:
        calls.append(source)
        if len(calls) == 1:
            train(store, 1)  # and the one of seed 0 is removed
        return copytree(source, target, **options)

    monkeypatch.setattr(shutil, "copytree", slow)
    store.backup(tmp_path / "copy")
    with closing(SqliteStore.open(tmp_path / "copy")) as opened:
        found = opened.training("key 1")
        assert found is not None and found.model is not None and found.model.data == {"seed": 1}
        assert opened.training("key 0") is None
    assert len(list((tmp_path / "copy" / "artifacts").iterdir())) == 2


def test_a_copy_does_without_a_model_that_was_gone_before(
    store: SqliteStore, tmp_path: Path
) -> None:
    train(store, 0)
    store.add_answers({3: (1,)}, "ann")
    shutil.rmtree(tmp_path / "c" / "artifacts")
    store.backup(tmp_path / "copy")
    with closing(SqliteStore.open(tmp_path / "copy")) as opened:
        assert len(opened.answers_log()) == 1 and opened.training("key 0") is None


def test_a_copy_that_cannot_be_made_leaves_nothing(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(store, 0)

    def full(source: Path, target: Path, **_: Any) -> None:
        target.mkdir(parents=True)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)
    with pytest.raises(CampaignError, match=r"no copy can be made in .*copy: .*No space left"):
        store.backup(tmp_path / "copy")
    monkeypatch.undo()
    (tmp_path / "thesis").mkdir()
    with pytest.raises(CampaignError, match="thesis exists already"):
        store.backup(tmp_path / "thesis")
    with pytest.raises(CampaignError, match="c already holds a campaign"):
        store.backup(tmp_path / "c")
    assert {path.name for path in tmp_path.iterdir()} == {"c", "thesis"}
    store.backup(tmp_path / "copy")
