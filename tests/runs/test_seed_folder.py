"""What a seed left is read, or it is said why not; only what is not there is nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from acqkit.errors import CampaignError
from acqkit.runs.folder import SeedFolder
from simulated_annotators import ById, light_campaign


@pytest.fixture
def folder(tmp_path: Path) -> SeedFolder:
    with light_campaign(tmp_path / "campaign") as campaign:
        campaign.ask(3, strategy=ById())
    return SeedFolder(tmp_path)


def test_a_seed_without_a_state_has_no_rounds(tmp_path: Path) -> None:
    folder = SeedFolder(tmp_path)
    assert (folder.records(), folder.batches(), folder.embeddings()) == ([], [], None)


def test_what_was_asked_is_read(folder: SeedFolder) -> None:
    (batch,) = folder.batches()
    assert len(batch.positions) == 3 and folder.records() == []


@pytest.mark.parametrize("what", ["records", "batches", "embeddings"])
@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE items",
        "PRAGMA user_version = 9",
        "UPDATE items SET position = 999 WHERE rank = 0",
        "UPDATE settings SET value = '{' WHERE key = 'model'",
    ],
)
def test_a_state_that_cannot_be_read_is_an_error(
    folder: SeedFolder, statement: str, what: str
) -> None:
    with closing(sqlite3.connect(folder.campaign / "campaign.sqlite")) as connection:
        connection.execute(statement)
        connection.commit()
    with pytest.raises(CampaignError):
        getattr(folder, what)()


def test_a_folder_without_its_database_is_an_error(folder: SeedFolder) -> None:
    (folder.campaign / "campaign.sqlite").unlink()
    with pytest.raises(CampaignError, match="is no campaign: there is no"):
        folder.batches()
