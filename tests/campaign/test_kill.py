from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from kill_campaigns import POOL, acknowledged, check_lost, check_whole
from simulated_annotators import ById, light_campaign, true_label

pytestmark = pytest.mark.net

TESTS = Path(__file__).parents[1]
ONE_THREAD = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def test_kills_lose_nothing_and_change_nothing() -> None:
    result = subprocess.run(
        [sys.executable, TESTS / "kill_campaigns.py", "--kills", "12", "--seed", "7"],
        capture_output=True,
        text=True,
        timeout=120,
        env=ONE_THREAD,
    )
    assert result.returncode == 0, result.stderr
    tally = json.loads(result.stdout)
    assert tally["kills"] == 12 and tally["lost"] == 0
    assert tally["campaigns"] >= 1 and tally["acknowledged"] >= 80


def test_the_harness_would_see_a_loss(tmp_path: Path) -> None:
    folder, journal = tmp_path / "campaign", tmp_path / "journal.jsonl"
    with light_campaign(folder, pool=POOL) as campaign:
        batch = campaign.ask(3, strategy=ById())
        campaign.tell(batch.batch_id, {batch.ids[0]: true_label(batch.ids[0])}, annotator="careful")
    lines = [json.dumps([pair, "careful", None]) for pair in batch.ids]
    journal.write_text("\n".join(lines) + "\n" + '["pair-1", "cut o', encoding="utf-8")
    assert len(acknowledged(journal)) == 3
    assert check_lost(folder, journal) >= 2
    with pytest.raises(AssertionError):
        check_whole(folder)


def test_processes_that_race_ask_for_no_pair_twice(tmp_path: Path) -> None:
    folder, asks, names = tmp_path / "campaign", 8, ["ann", "bob", "cyd"]
    with light_campaign(folder) as campaign:
        first = campaign.ask(12, strategy=ById())
        campaign.tell(
            first.batch_id, {pair: true_label(pair) for pair in first.ids}, annotator="zoe"
        )
    processes = [
        subprocess.Popen(
            [sys.executable, TESTS / "concurrent_annotator.py", folder, name, str(asks)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=ONE_THREAD,
        )
        for name in names
    ]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    asked = [pair for output in outputs for batch in json.loads(output) for pair in batch]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(asked) == len(set(asked)) == 3 * asks * 2
    assert not set(asked) & set(first.ids)
    with light_campaign(folder) as campaign:
        assert [batch.round for batch in campaign.batches()] == list(range(1 + 3 * asks))
        assert campaign.open_batches() == []
        counts = campaign.status().answers_by_annotator
        assert counts == {"zoe": 12} | dict.fromkeys(names, 12 + 2 * asks)
    with sqlite3.connect(folder / "campaign.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
