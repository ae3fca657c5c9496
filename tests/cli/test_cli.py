from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from finished import Command, Finished, assert_one_sentence

from acqkit.pool.folder import save_pool
from acqkit.report import layout
from acqkit.testing import make_pool
from bad_pools import BAD_POOLS

QUICK = [
    "--set", "trainer.name=supervised", "--set", "trainer.max_steps=3", "--seeds", "1",
]  # fmt: skip


@pytest.fixture
def pool_path(tmp_path: Path) -> Path:
    path = tmp_path / "pool"
    save_pool(make_pool(test_share=0.25), path)
    return path


@pytest.mark.parametrize("trainer", ["supervised", "memory-bank", "supervised+embedding-transfer"])
def test_a_trainer_that_cannot_train_the_model_is_refused(
    acqkit: Command, pool_path: Path, tmp_path: Path, trainer: str
) -> None:
    parts = ["--pool", pool_path, "--model", "sklearn", "--trainer", trainer]
    for command in (["run", "--out", tmp_path / "out"], ["campaign", "init", tmp_path / "c"]):
        assert_one_sentence(
            acqkit(*command, *parts),
            "trains torch networks", "SklearnPairModel has a fit of its own", "own-fit",
        )  # fmt: skip
    assert not (tmp_path / "out").exists() and not (tmp_path / "c").exists()
    one = ["--pool", pool_path, "--model", "two-tower", "--trainer", "own-fit"]
    assert_one_sentence(
        acqkit("campaign", "init", tmp_path / "c", *one), "TorchPairModel has none but"
    )


def test_run_writes_results_and_a_report_and_resumes(
    acqkit: Command, pool_path: Path, tmp_path: Path
) -> None:
    arguments = [
        "run", "--pool", pool_path, "--strategy", "random", "--initial", "10%", "--per-round", 8,
        "--rounds", 2, "--out", tmp_path / "out", *QUICK,
    ]  # fmt: skip
    first = acqkit(*arguments)
    assert first.returncode == 0, first.stderr
    data = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [record["labels"] for record in data["rounds"]] == [15, 23, 31]
    assert str(tmp_path / "out" / "report.html") in first.stdout
    assert (tmp_path / "out" / "report.html").read_text().startswith("<!")
    assert "rounds were there" not in first.stderr
    again = acqkit(*arguments)
    assert again.returncode == 0
    assert "3 of 3 rounds were there" in again.stderr
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == data
    assert_one_sentence(acqkit(*arguments, "--rounds", 1), "holds another run", "now 1")
    assert acqkit(*arguments, "--rounds", 3).returncode == 0
    extended = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [record["labels"] for record in extended["rounds"]] == [15, 23, 31, 39]


def test_everything_can_be_said_in_yaml(acqkit: Command, pool_path: Path, tmp_path: Path) -> None:
    config = {
        "pool": str(pool_path),
        "strategy": ["random", {"scorer": "entropy", "allocator": "top"}],
        "trainer": {"name": "supervised", "max_steps": 3},
        "initial": 20,
        "per_round": 5,
        "rounds": 1,
        "seeds": 1,
        "out": str(tmp_path / "out"),
    }
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(config))
    result = acqkit("run", file)
    assert result.returncode == 0, result.stderr
    found = {path.parent.name for path in (tmp_path / "out").glob("*/results.json")}
    assert found == {"random", "entropy+top"}


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ("pool: pool\nstrategi: random", ["'strategi'", "did you mean 'strategy'"]),
        ("pool: [", ["cannot be read as YAML"]),
        ("- 1", ["holds list"]),
        ("strategy: random", ["no pool was given"]),
        ("pool: pool\nstrategy: randm", ["'randm'", "did you mean 'random'"]),
        ("pool: pool\ntrainer: {name: supervised, max_stepz: 3}", ["'max_stepz'", "'max_steps'"]),
        ("pool: pool\ninitial: 200%", ["initial", "200%"]),
        ("pool: glyps", ["'glyps'", "did you mean 'glyphs'"]),
    ],
)
def test_bad_configurations_are_one_sentence(
    acqkit: Command,
    pool_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    fragments: list[str],
) -> None:
    (tmp_path / "config.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    result = acqkit("run", "config.yaml", "--out", tmp_path / "out")
    assert_one_sentence(result, *fragments)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("build", [pytest.param(build, id=name) for name, build in BAD_POOLS])
def test_bad_pools_are_one_sentence(
    acqkit: Command, tmp_path: Path, build: Callable[[Path], Path]
) -> None:
    assert_one_sentence(acqkit("pool", "describe", build(tmp_path)))


def test_there_are_forty_kinds_of_bad_pools() -> None:
    assert len({name for name, _ in BAD_POOLS}) >= 40


def test_the_module_runs_as_the_script_does(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "acqkit", "campaign", "status", "nothing"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
    )
    assert_one_sentence(
        Finished(result.returncode, result.stdout, result.stderr), "nothing does not exist"
    )


def test_a_campaign_is_asked_and_told_through_sheets(
    acqkit: Command, pool_path: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "campaign"
    pool = make_pool(test_share=0.25)
    assert pool.truth is not None
    made = acqkit("campaign", "init", folder, "--pool", pool_path, "--strategy", "random")
    assert made.returncode == 0, made.stderr
    sheet = tmp_path / "sheet.csv"
    ask = ("campaign", "ask", folder, "-n", 4, "--sheet", sheet, "--strategy")
    assert_one_sentence(acqkit(*ask, "{name: random, sort: 1}"), "sort", "random")
    asked = acqkit(*ask, "{name: random}")
    assert asked.returncode == 0, asked.stderr
    rows = list(csv.DictReader(io.StringIO(sheet.read_text())))
    assert len(rows) == 4
    for row in rows[:2]:
        row["label"] = pool.class_names[int(np.argmax(pool.truth[int(row["id"])]))]
    rows[2]["label"] = "?"
    _write(sheet, rows)
    told = acqkit("campaign", "tell", folder, sheet)
    assert "3 answers recorded" in told.stdout, told.stderr
    assert acqkit("campaign", "tell", folder, sheet).returncode == 0
    other = next(name for name in pool.class_names if name != rows[0]["label"])
    _write(sheet, [rows[0] | {"label": other}])
    assert_one_sentence(acqkit("campaign", "tell", folder, sheet), other, "replace")
    assert acqkit("campaign", "tell", folder, sheet, "--replace").returncode == 0
    status = acqkit("campaign", "status", folder)
    assert status.returncode == 0 and "labeled" in status.stdout
    _write(sheet, [rows[0] | {"id": "900"}])
    assert_one_sentence(acqkit("campaign", "tell", folder, sheet), "line 2", "'900'")
    assert_one_sentence(acqkit("campaign", "ask", tmp_path / "nowhere"), "nowhere")
    assert_one_sentence(acqkit("campaign", "init", folder, "--pool", pool_path), "campaign")


def _write(sheet: Path, rows: list[dict[str, str]]) -> None:
    with sheet.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_plugins_are_listed_as_json(acqkit: Command) -> None:
    result = acqkit("plugins", "--json")
    assert result.returncode == 0, result.stderr
    data = json.loads(result.stdout)
    names = {(item["kind"], item["name"]) for item in data["components"]}
    assert names >= {
        ("scorer", "least-confidence"), ("scorer", "margin"), ("scorer", "entropy"),
        ("scorer", "bald"), ("allocator", "top"), ("trainer", "supervised"),
        ("model", "two-tower"), ("model", "sklearn"), ("dataset", "glyphs"),
        ("strategy", "random"), ("strategy", "coreset"), ("strategy", "kmeans"),
        ("strategy", "typiclust"), ("strategy", "probcover"), ("strategy", "badge"),
    }  # fmt: skip
    assert data["failures"] == []


@pytest.mark.parametrize("command", ["", "run", "campaign", "report", "plugins", "pool"])
def test_help_teaches(acqkit: Command, command: str) -> None:
    result = acqkit(*command.split(), "--help")
    assert result.returncode == 0
    assert "Usage" in result.stdout


def test_pool_describe_speaks_json(acqkit: Command, pool_path: Path) -> None:
    data = json.loads(acqkit("pool", "describe", pool_path, "--json").stdout)
    assert data["train"] == 150 and data["test"] == 50
    assert_one_sentence(acqkit("pool", "describe", pool_path / "nothing"), "nothing")


def test_every_real_pool_runs(
    acqkit: Command, real_pool_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "MOST_POINTS", 100)  # of the report's map
    result = acqkit(
        "run", "--pool", real_pool_path, "--scorer", "entropy", "--initial", 60, "--per-round", 20,
        "--rounds", 1, "--out", tmp_path / "out", *QUICK,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    data = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [record["labels"] for record in data["rounds"]] == [60, 80]
    assert 0 < data["rounds"][-1]["map"] <= 1
