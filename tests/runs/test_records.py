"""What is read of a run is what was written, or what is wrong with it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from acqkit.errors import CampaignError, ConfigError, ReportError
from acqkit.runs import Results
from acqkit.runs.claim import Claim, claimed
from acqkit.runs.folder import OutputFolder
from acqkit.runs.records import read_rounds
from results_data import FINE


def changed(change: Callable[[Any], object]) -> bytes:
    data = json.loads(json.dumps(FINE))
    change(data)
    return json.dumps(data).encode()


def test_what_was_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    file.write_bytes(changed(lambda data: None))
    results = Results.read(file)
    assert [record.map for record in results.rounds] == [r["map"] for r in FINE["rounds"]]
    results.write(tmp_path / "again.json")
    assert Results.read(tmp_path / "again.json") == results


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (changed(lambda d: d.pop("rounds")), "rounds: Field required"),
        (changed(lambda d: d["config"].pop("trainer")), "config: has no 'trainer'"),
        (changed(lambda d: d["config"].update(strategy=7)), "config: wanted a name"),
        (changed(lambda d: d["rounds"][0].update(map_ab=float("inf"))), "rounds.0.map_ab"),
        (changed(lambda d: d["rounds"][0].update(map=float("nan"))), "rounds.0.map"),
        (changed(lambda d: d["rounds"][0].update(map=1.5)), "rounds.0.map"),
        (changed(lambda d: d["rounds"][0].update(map="0.5")), "rounds.0.map"),
        (changed(lambda d: d["rounds"][0].update(seed=-1)), "rounds.0.seed"),
        (changed(lambda d: d["rounds"][0].update(labels=10**30)), "rounds.0.labels"),
        (changed(lambda d: d["rounds"][1].update(labels=0)), "the labels of seed 0 go down"),
        (changed(lambda d: d["rounds"].pop(1)), "seed 0 has the rounds [0, 2], wanted each once"),
        (changed(lambda d: d["rounds"].append(d["rounds"][0])), "[0, 0, 1, 2], wanted each once"),
        (changed(lambda d: d["rounds"][2]["label_precision"].pop("classifier")), None),
        (changed(lambda d: d["rounds"][2]["label_precision"]["classifier"].pop()), "one a cover"),
        (changed(lambda d: d["rounds"][3]["metrics"].pop("map")), "metrics has map None"),
        (changed(lambda d: d["rounds"][3]["metrics"].update(map=0.9)), "metrics has map 0.9"),
        (changed(lambda d: d.update(schema=2)), "schema: Input should be 1, got 2"),
        (b"\xff" + json.dumps(FINE).encode(), "Invalid JSON"),
        (b"[" * 5000, "Invalid JSON"),
        (b"", "Invalid JSON"),
    ],
)  # fmt: skip
def test_damage_is_named_in_one_sentence(tmp_path: Path, damage: bytes, said: str | None) -> None:
    file = tmp_path / "results.json"
    file.write_bytes(damage)
    if said is None:  # one kind of precision is enough
        assert Results.read(file).rounds[2].label_precision is not None
        return
    with pytest.raises(ReportError) as refused:
        Results.read(file)
    assert said in str(refused.value) and f"{file} is damaged" in str(refused.value)
    assert len(str(refused.value)) < 400 and "\n" not in str(refused.value)


def test_what_is_not_there_or_no_file_is_named(tmp_path: Path) -> None:
    for file in (tmp_path / "results.json", tmp_path):
        with pytest.raises(ReportError, match=f"{file} cannot be read"):
            Results.read(file)


def test_a_damaged_round_of_a_campaign_is_named(tmp_path: Path) -> None:
    fine = FINE["rounds"][:2]
    assert [record.round for record in read_rounds(fine, tmp_path)] == [0, 1]
    with pytest.raises(CampaignError, match=r"round 1 in .* is damaged: map: Field required"):
        read_rounds([fine[0], {k: v for k, v in fine[1].items() if k != "map"}], tmp_path)


def test_a_claim_that_is_no_text_is_refused(tmp_path: Path) -> None:
    folder = OutputFolder(tmp_path)
    folder.claim.write_bytes(b"\xff\xfe")
    claim = Claim(shared={}, strategies={})
    with pytest.raises(ConfigError, match="or damaged"), claimed(folder, claim):
        pass


def test_a_lock_that_cannot_be_made_is_not_taken_for_another_process(tmp_path: Path) -> None:
    folder = OutputFolder(tmp_path / "run")
    folder.lock.mkdir(parents=True)
    (folder.path / ".run.json.x").touch()
    claim = Claim(shared={}, strategies={})
    with pytest.raises(ConfigError, match=r"cannot write .*run\.lock"), claimed(folder, claim):
        pass
    folder.lock.rmdir()
    with closing(sqlite3.connect(folder.lock)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ConfigError, match="another process is running"), claimed(folder, claim):
            pass
