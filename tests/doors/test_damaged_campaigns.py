"""Damage that the door for campaigns found, one of each kind, with what is said of it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from kept_campaigns import SCHEMA_1, kept

from acqkit import Campaign, PairEmbeddings, load_pool
from acqkit.errors import AcqkitWarning, CampaignError, EmbeddingError

ROSTER = "UPDATE rosters SET"
DEEP = "[" * 1500 + "]" * 1500


def change(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "campaign.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for table in ("rosters", "answers", "changes"):
            for step in ("update", "delete"):
                connection.execute(f"DROP TRIGGER IF EXISTS {table}_no_{step}")
        for statement in statements:
            connection.execute(statement)


def opened(folder: Path, name: str) -> Campaign:
    return Campaign.open(folder, load_pool(SCHEMA_1 / "pool.npz") if name == "schema 1" else None)


@pytest.mark.parametrize(
    ("name", "statement", "message"),
    [
        ("grown", f"{ROSTER} facts = 'x' WHERE start = 0", "table 'rosters' holds"),
        ("grown", f"{ROSTER} facts = x'00' WHERE start = 0", "list of pairs is damaged"),
        ("grown", f"{ROSTER} ids = '[1]' WHERE start = 0", "list of pairs is damaged"),
        ("grown", f"{ROSTER} ids = '0.5' WHERE start = 0", "list of pairs is damaged"),
        ("grown", f"{ROSTER} ids = NULL WHERE start = 0", "list of pairs is damaged"),
        ("grown", f"{ROSTER} ids = replace(ids, 'p3', 'p4')", "list of pairs is damaged"),
        ("grown", f"{ROSTER} ids = replace(ids, '\"p3\"', '0.5')", "list of pairs is damaged"),
        ("grown", f"{ROSTER} start = 99 WHERE start = 0", "list of pairs is damaged"),
        ("grown", f"{ROSTER} ids = '[' WHERE start = 0", "table 'rosters' holds"),
        ("grown", f"{ROSTER} ids = '{DEEP}'", "is no JSON"),
        ("grown", "UPDATE changes SET number = 99 WHERE number = 4", "does not count from 1 on"),
        ("grown", "UPDATE changes SET number = 0 WHERE number = 1", "does not count from 1 on"),
        ("grown", "DELETE FROM rosters", "lists 0 of its 19 pairs"),
        ("grown", "DELETE FROM rosters WHERE start > 0", "lists 12 of its 19 pairs"),
        ("plain", f"UPDATE settings SET value = '{DEEP}'", "is no JSON"),
        (
            "plain",
            "UPDATE settings SET value = json_set(value, '$.more', 1) WHERE key = 'fingerprint'",
            "setting 'fingerprint.more' is wrong",
        ),
        (
            "plain",
            "UPDATE settings SET value = json_set(value, '$.train', 3) WHERE key = 'fingerprint'",
            "notes 3 train pairs from position 0 on, and lists",
        ),
        ("trained", "UPDATE batches SET embeddings = '../made'", "does not choose"),
        ("trained", "UPDATE batches SET embeddings = '/etc'", "does not choose"),
        ("trained", "UPDATE trainings SET model = 'artifacts/../..'", "does not choose"),
        ("trained", "UPDATE batches SET at = x'00'", "table 'batches' holds"),
        ("trained", "UPDATE answers SET kind = 'mismatch', classes = NULL", "no list of classes"),
        ("schema 1", "DELETE FROM items WHERE position = 4", "refers to another one that is gone"),
    ],
)  # fmt: skip
def test_a_damaged_campaign_is_refused_in_a_sentence(
    tmp_path: Path, name: str, statement: str, message: str
) -> None:
    folder = tmp_path / "campaign"
    shutil.copytree(kept(name).folder, folder)
    change(folder, statement)
    with pytest.raises(CampaignError, match=message) as refused:
        opened(folder, name)
    assert len(str(refused.value)) < 400


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("damage", [cut, empty, make_folder, make_pipe])
@pytest.mark.parametrize("file", ["embeddings.json", "a_mean.npy", "positions.npy"])
def test_damaged_embeddings_without_a_digest_are_left_unused(
    tmp_path: Path, file: str, damage: Callable[[Path], None]
) -> None:
    folder = tmp_path / "campaign"
    shutil.copytree(kept("schema 1").folder, folder)
    damage(folder / "embeddings-002" / file)
    with (
        opened(folder, "schema 1") as campaign,
        pytest.warns(AcqkitWarning, match="is damaged .* and is left unused"),
    ):
        assert campaign.embeddings is None


def test_embeddings_of_another_number_of_pairs_are_an_error(tmp_path: Path) -> None:
    source = kept("schema 1").folder / "embeddings-002"
    shutil.copytree(source, tmp_path / "e")
    found = PairEmbeddings.load(source)
    half = found.take(slice(0, 8))
    (tmp_path / "half").mkdir()
    half.save(tmp_path / "half")
    shutil.copy(tmp_path / "half" / "a_mean.npy", tmp_path / "e")
    with pytest.raises(EmbeddingError, match="other numbers of pairs than 16"):
        PairEmbeddings.load(tmp_path / "e")
