from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from acqkit.campaign.status import stored_status
from acqkit.errors import CampaignError
from acqkit.store import NewBatch, SqliteStore
from simulated_annotators import ById, light_campaign, true_label

LABELED = "WHERE classes IS NOT NULL"
HEAVY = ("torch", "sklearn", "scipy", "pandas", "pyarrow", "yaml", "matplotlib", "faiss", "cvxpy")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with light_campaign(tmp_path / "c") as campaign:
        first = campaign.ask(12, strategy=ById())
        campaign.ask(5, strategy=ById())
        labels = {pair: true_label(pair) for pair in first.ids}
        campaign.tell(first.batch_id, labels, annotator="ann")
    return tmp_path / "c"


def test_what_is_counted_without_the_pool_is_what_the_campaign_counts(folder: Path) -> None:
    with light_campaign(folder) as campaign:
        assert stored_status(folder) == campaign.status()
        assert campaign.status().pairs == 96
        assert campaign.status().labeled == len(campaign.labels.labeled)


def test_a_campaign_that_does_not_say_how_many_train_pairs_it_has(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "campaign.sqlite")) as connection:
        statement = "SELECT value FROM settings WHERE key = 'fingerprint'"
        fingerprint = json.loads(connection.execute(statement).fetchone()[0])
        assert fingerprint.pop("train") == 96
        update = "UPDATE settings SET value = ? WHERE key = 'fingerprint'"
        connection.execute(update, (json.dumps(fingerprint),))
        connection.commit()
    assert stored_status(folder) is None
    with light_campaign(folder) as campaign:
        assert campaign.status().pairs == 96


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (f"UPDATE answers SET classes = '[3]' {LABELED}", "a class that the pool does not have"),
        (f"UPDATE answers SET classes = '[-1]' {LABELED}", "a class that the pool does not have"),
        (f"UPDATE answers SET classes = '[1.0]' {LABELED}", "a class that the pool does not have"),
        (
            f"UPDATE answers SET classes = '[\"cat\"]' {LABELED}",
            "a class that the pool does not have",
        ),
        (f"UPDATE answers SET classes = '[0, 1]' {LABELED}", "does not name one class"),
        (f"UPDATE answers SET classes = '[]' {LABELED}", "does not name one class"),
        (f"UPDATE answers SET classes = '7' {LABELED}", "is no list of classes"),
        (f"UPDATE answers SET classes = '[' {LABELED}", "table 'answers' holds"),
        ("UPDATE answers SET annotator = x'ff'", "table 'answers' holds"),
        ("UPDATE answers SET revision = 'x'", "table 'answers' holds"),
        ("UPDATE items SET position = 999 WHERE rank = 0 AND round = 1", "none of the pool"),
        ("UPDATE items SET position = -1 WHERE rank = 0 AND round = 1", "none of the pool"),
        ("UPDATE items SET position = 'x' WHERE rank = 0 AND round = 1", "table 'items' holds"),
        ("UPDATE items SET again = 1 WHERE rank = 0", "not as its batch"),
        ("UPDATE batches SET about = 9 WHERE round = 1", "not a batch"),
        ("UPDATE batches SET about = 1", "not as its batch"),
        ("UPDATE answers SET kind = 'maybe'", "CHECK constraint failed"),
        ("UPDATE items SET terms = '{\"a\": 1}' WHERE rank = 0", "different terms"),
        ("UPDATE items SET terms = '[]'", "terms that are no numbers"),
        ("UPDATE items SET score = 'high'", "table 'items' holds"),
        ("UPDATE batches SET record = '3'", "not a batch"),
        ("UPDATE batches SET record = '{'", "table 'batches' holds"),
        ("UPDATE batches SET batch_id = x'00' WHERE round = 1", "table 'batches' holds"),
        ("DELETE FROM items WHERE rank = 2", "refers to another one that is gone"),
        ("DELETE FROM batches WHERE round = 0", "refers to another one that is gone"),
        ("UPDATE settings SET value = '{' WHERE key = 'seed'", "is no JSON"),
        ("UPDATE settings SET value = '\"7\"' WHERE key = 'seed'", "setting 'seed' is wrong"),
        ("DELETE FROM settings WHERE key = 'model'", "setting 'model' is wrong"),
        ("UPDATE settings SET value = '{}' WHERE key = 'trainer'", "setting 'trainer' is wrong"),
        ("UPDATE settings SET value = '[]' WHERE key = 'fingerprint'", "'fingerprint' is wrong"),
        ("DROP TABLE records", "no such table"),
    ],
)
def test_content_that_no_step_writes_is_named(folder: Path, statement: str, message: str) -> None:
    with closing(sqlite3.connect(folder / "campaign.sqlite")) as connection:
        for trigger in ("answers_no_update", "answers_no_delete"):
            connection.execute(f"DROP TRIGGER {trigger}")
        try:
            connection.execute(statement)
        except sqlite3.IntegrityError as error:
            assert message in str(error)
            return
        connection.commit()
    with pytest.raises(CampaignError, match=message):
        stored_status(folder)
    with pytest.raises(CampaignError, match=message), light_campaign(folder):
        pass


def test_a_large_campaign_is_looked_at_without_heavy_libraries(
    folder: Path, tmp_path: Path
) -> None:
    with (
        light_campaign(tmp_path / "large", 50_000),
        closing(SqliteStore.open(tmp_path / "large")) as store,
    ):
        for round in range(40):
            positions = 5 * np.arange(round * 500, (round + 1) * 500) // 2
            store.add_batch(NewBatch(round, "by hand", positions))
            store.add_answers({int(p): (int(p) % 3,) for p in positions}, "ann")
    program = (
        "import sys; sys.argv = ['acqkit', 'campaign', 'status', sys.argv[1]]\n"
        "from acqkit.cli.app import main\n"
        "try:\n    main()\n"
        f"finally:\n    print('imported', sorted(set({HEAVY}) & set(sys.modules)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "large"], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert "20000  ann" in result.stdout and "imported []" in result.stdout
