"""The runner as people start it: killed and resumed, with a plugin of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from typer import Exit

from acqkit.components.registry import registry
from acqkit.metrics import area_under_curve
from acqkit.testing import make_pool
from distributions import lay_out
from run import main
from suite.baselines import register_baselines
from suite.cells import Cell, plan_work
from suite.config import read_suite
from suite.execute import run_cell
from suite.render import Findings, write_markdown, write_page
from suite.study import make_study
from suite.table import Row, make_table, read_table, write_table
from suite.workers import run_cells

RUN = Path(__file__).parents[2] / "benchmarks" / "run.py"

PLUGIN = """
import os
import signal

import acqkit


class Oldest(acqkit.Component):
    def select(self, context, n):
        return context.canonical(context.candidates)[:n]


class Broken(acqkit.Component):
    def select(self, context, n):
        raise ValueError("cannot | choose <anything>")


class Deadly(acqkit.Component):
    def select(self, context, n):
        os.kill(os.getpid(), signal.SIGKILL)


@acqkit.hookimpl
def acqkit_register_strategies():
    return {"oldest": Oldest, "broken": Broken, "deadly": Deadly}
"""
ENVIRONMENT = {
    "versions": {"acqkit": "1"},
    "python": "3",
    "system": "any",
    "cpu": "some",
    "cores": 2,
    "jobs": 1,
    "threads": "1 a job",
    "commit": "abc",
    "command": "python benchmarks/run.py mini",
}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where a plugin is installed, for this process and for those it starts."""
    site = tmp_path / "site"
    lay_out(site, "acqkit-oldest", PLUGIN)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    registry.cache_clear()
    yield site
    registry.cache_clear()


@pytest.fixture
def suite_file(tmp_path: Path, site: Path) -> Path:
    pool = make_pool(n=120, classes=3, seed=1)
    assert pool.truth is not None
    batch = pool.batch(np.arange(len(pool)))
    split = np.where(np.arange(len(pool)) % 4 == 0, "test", "train")
    (tmp_path / "data" / "tiny").mkdir(parents=True)
    np.savez(
        tmp_path / "data" / "tiny" / "pool.npz",
        modality_a=batch.a,
        modality_b=batch.b,
        labels=pool.truth,
        split=split,
        class_names=np.array(pool.class_names),
    )
    return write_suite(tmp_path)


def write_suite(tmp_path: Path, **changes: Any) -> Path:
    suite = {
        "title": "Mini",
        "defaults": {"per_round": 6, "rounds": 3, "model": "sklearn"},
        "pools": ["data:tiny", "data:gone"],
        "strategies": ["random", "entropy+top", "oldest"],
        "trainers": ["own-fit"],
        "seeds": 2,
    }
    path = tmp_path / "mini.yaml"
    path.write_text(yaml.safe_dump(suite | changes), encoding="utf-8")
    return path


def rows_in_process(file: Path, out: Path) -> list[Row]:
    work = plan_work(read_suite(file), file.parent / "data")
    for cell in work.cells:
        run_cell(cell, out)
    return make_table(work, out)


def comparable(rows: list[Row]) -> list[dict[str, Any]]:
    """Rows without what differs between two runs of the same: seconds and commit."""
    return [
        {key: v for key, v in asdict(row).items() if key != "commit" and "seconds" not in key}
        for row in rows
    ]


def start(file: Path, resume: bool = False) -> None:
    """The command in this process, with workers in others."""
    main(str(file), file.parent / "out", resume=resume, data=file.parent / "data")


@pytest.mark.net
def test_a_killed_suite_goes_on_and_gives_the_same_table(
    suite_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = suite_file.parent / "out"
    command = [sys.executable, str(RUN), str(suite_file), "--out", str(out)]
    command += ["--data", str(suite_file.parent / "data")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        deadline = time.monotonic() + 60
        while len(list(out.glob("cells/*/results.json"))) < 2:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
    before = {path: path.stat().st_mtime_ns for path in out.glob("cells/*/results.json")}
    assert len(before) < 7

    with pytest.raises(Exit) as refused:
        start(suite_file)
    assert refused.value.exit_code == 2
    assert "give --resume to go on" in capsys.readouterr().out
    start(suite_file, resume=True)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    rows = read_table(out / "table.parquet")
    assert comparable(rows) == comparable(rows_in_process(suite_file, suite_file.parent / "twin"))
    assert "oldest" in (out / "table.md").read_text(encoding="utf-8")
    assert "oldest" in (out / "page.html").read_text(encoding="utf-8")


def test_strategies_are_paired_and_have_the_same_budgets(suite_file: Path) -> None:
    rows = rows_in_process(suite_file, suite_file.parent / "out")
    done = [row for row in rows if row.kind == "strategy" and row.status == "done"]
    labels = {
        name: [row.labels for row in done if row.strategy == name and row.seed == 0]
        for name in ("random", "entropy+top", "oldest")
    }
    # Entropy needs a classifier: it begins with the labels that random picks first.
    assert labels["random"] == labels["oldest"] == [0, 6, 12, 18]
    assert labels["entropy+top"] == [6, 12, 18]
    by = {(row.strategy, row.seed, row.labels): row for row in done}
    for seed in (0, 1):
        assert by["entropy+top", seed, 6].map == by["random", seed, 6].map
        assert by["oldest", seed, 0].map == by["random", seed, 0].map
        assert by["entropy+top", seed, 6].first_batch == "random"
    study = make_study(read_suite(suite_file), rows)
    curve = study.curves["entropy+top"]["tiny", 0]
    assert curve.labels == (0, 6, 12, 18)
    assert curve.area == area_under_curve(curve.labels[1:], curve.values[1:])
    full = [row for row in rows if row.kind == "full"]
    assert [(row.seed, row.labels, row.pairs) for row in full] == [(0, 90, 90)]
    assert study.full == {"tiny": full[0].map}
    assert study.absent == ["gone: missing: it is not in the folder given with --data"]


def test_budgets_may_double_whoever_chooses_the_first_batch(suite_file: Path) -> None:
    doubling = {"per_round": [3, 3, 6], "rounds": 4, "model": "sklearn"}
    names = ["random", "entropy+top"]
    file = write_suite(suite_file.parent, defaults=doubling, strategies=names, seeds=1)
    rows = [row for row in rows_in_process(file, file.parent / "out") if row.kind == "strategy"]
    labels = {name: [row.labels for row in rows if row.strategy == name] for name in names}
    assert [x for x in labels["random"] if x is not None] == [0, 3, 6, 12, 18]
    assert [x for x in labels["entropy+top"] if x is not None] == [3, 6, 12, 18]


def test_a_cell_that_fails_is_a_row_that_says_so(suite_file: Path) -> None:
    file = write_suite(suite_file.parent, strategies=["random", "broken", "oldest"], seeds=1)
    out = file.parent / "out"
    rows = rows_in_process(file, out)
    failed = [row for row in rows if row.status == "failed"]
    assert [(row.strategy, row.labels) for row in failed] == [("broken", None)]
    raised = "strategy 'broken' of acqkit-oldest raised ValueError: cannot | choose <anything>"
    assert raised in failed[0].error
    write_table(rows, out / "table.parquet")
    assert read_table(out / "table.parquet") == rows
    findings = Findings.of(make_study(read_suite(file), rows), ENVIRONMENT)
    write_markdown(findings, out / "table.md")
    write_page(findings, out / "page.html")
    page = (out / "page.html").read_text(encoding="utf-8")
    assert "cannot | choose &lt;anything&gt;" in page
    assert "http" not in page.split("</script>")[-1]
    assert findings.ranks is not None
    assert set(findings.ranks.rivals) == {"random", "oldest"}


def test_nothing_finished_still_makes_a_page(suite_file: Path) -> None:
    file = write_suite(suite_file.parent, pools=["data:gone"])
    rows = rows_in_process(file, file.parent / "out")
    findings = Findings.of(make_study(read_suite(file), rows), ENVIRONMENT)
    write_page(findings, file.parent / "page.html")
    assert "gone: missing" in (file.parent / "page.html").read_text(encoding="utf-8")


def test_trainers_are_compared_at_one_budget(suite_file: Path) -> None:
    quick = {"min_steps": 1, "max_steps": 5}
    trainers = [{"name": name, "label": name, **quick} for name in ("supervised", "fixmatch")]
    file = write_suite(
        suite_file.parent,
        defaults={"initial": "20%", "rounds": 0, "model": {"name": "two-tower", "hidden": 8}},
        trainers=trainers,
        strategies=["random"],
        compare="trainers",
        reference="supervised",
        metric="map@50",
        full_seeds=0,
    )
    register_baselines()
    rows = rows_in_process(file, file.parent / "out")
    study = make_study(read_suite(file), rows)
    assert {(row.trainer, row.labels) for row in rows if row.status == "done"} == {
        ("supervised", 18),
        ("fixmatch", 18),
    }
    write_markdown(Findings.of(study, ENVIRONMENT), file.parent / "table.md")
    text = (file.parent / "table.md").read_text(encoding="utf-8")
    assert "## MAP@50\n" in text and "## Lead of " in text and "Labels to reach" not in text
    by = {(row.trainer, row.seed): row.map50 for row in rows}
    assert study.areas("fixmatch")["tiny", 1] == by["fixmatch", 1]


@pytest.mark.net
def test_a_worker_that_dies_takes_no_other_cell_down(suite_file: Path) -> None:
    file = write_suite(suite_file.parent, strategies=["random", "deadly"], seeds=1, full_seeds=0)
    work = plan_work(read_suite(file), file.parent / "data")
    heard: dict[str, str] = {}
    run_cells(
        work.cells,
        file.parent / "out",
        1,
        "abc",
        lambda cell, error: heard.__setitem__(cell.strategy, error),
    )
    assert heard == {
        "random": "",
        "deadly": "the process that ran it died (killed, or out of memory)",
    }
    rows = make_table(work, file.parent / "out")
    assert {row.strategy: row.status for row in rows if row.pool == "tiny"} == {
        "random": "done",
        "deadly": "failed",
    }


def test_an_interrupted_suite_leaves_a_table_of_what_it_has_finished(
    suite_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = suite_file.parent / "out"
    finished: list[str] = []

    def interrupted(cells: Sequence[Cell], folder: Path, *_: object) -> None:
        run_cell(cells[0], folder)
        run_cell(cells[1], folder)
        finished.extend(cell.strategy for cell in cells[:2])
        raise KeyboardInterrupt

    monkeypatch.setattr("suite.run.run_cells", interrupted)
    with pytest.raises(Exit) as ended:
        start(suite_file)
    assert ended.value.exit_code == 130
    assert "--resume goes on where it stood" in capsys.readouterr().out
    done = {row.strategy for row in read_table(out / "table.parquet") if row.status == "done"}
    assert done == set(finished)
    assert (out / "page.html").exists()
