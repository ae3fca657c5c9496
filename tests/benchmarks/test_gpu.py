"""The benchmark of GPUs, tried on the CPU: what a GPU takes tensors for, tensors here do."""

from __future__ import annotations

import json
from pathlib import Path

import gpu
import pytest

from suite.gpu.record import Record, tables

MADE_ON = {"device": "a card", "cpu": "a CPU", "threads": 1, "commit": "abc", "picks": 3}


@pytest.mark.net
def test_the_quick_benchmark_measures_each_phase_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--device", "cpu", "--quick", "--out", str(tmp_path)]
    assert gpu.main(given) == 0
    kept = (tmp_path / "gpu.json").read_text()
    rows = json.loads(kept)["rows"]
    assert len(rows) == len(list(gpu.tasks(gpu.QUICK, "cpu:0")))
    picks: dict[str, list[list[int]]] = {
        row["what"]: [] for row in rows if row["phase"] == "selection"
    }
    for row in rows:
        if row["phase"] == "selection":
            picks[row["what"]].append(sorted(row["picks"]))
    assert all(there == here for there, here in picks.values())
    assert gpu.main(given) == 0  # nothing is left to measure
    assert (tmp_path / "gpu.json").read_text() == kept
    assert "| ascmr+density | 1,500 |" in capsys.readouterr().out


def test_a_device_that_is_not_there_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu.main(["--device", "quantum"]) == 2
    assert "'quantum' cannot be used here" in capsys.readouterr().err


def test_figures_are_kept_one_by_one_and_of_one_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "gpu.json"
    record = Record(MADE_ON, file)
    record.add("selection", "coreset", 100, "device", {"seconds": 0.5, "picks": [1, 2, 3]})
    again = Record(MADE_ON, file)
    assert again.rows == record.rows
    assert again.expected("selection", "coreset", 1_000, "device") == 5
    assert again.expected("selection", "coreset", 1_000, "cpu") == 0
    again.add("selection", "coreset", 100, "cpu", {"seconds": 2.0, "picks": [3, 1, 4]})
    assert "| coreset | 100 | 0.5 | - | 2 | 4 | 2 |" in tables(again)
    monkeypatch.setattr(gpu, "environment", lambda jobs: {"cpu": "another", "commit": "abc"})
    assert gpu.main(["--device", "cpu", "--quick", "--out", str(tmp_path)]) == 2
    assert "has figures of" in capsys.readouterr().err
