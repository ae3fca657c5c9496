"""A new metric is one class: what it finds is wherever figures are, with no other change."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import acqkit
from acqkit.cli import main
from acqkit.components.registry import registry
from acqkit.errors import ConfigError, PluginError
from acqkit.metrics import STANDARD, evaluate_retrieval
from acqkit.pool.folder import save_pool
from acqkit.runs import Results
from acqkit.testing import make_pool
from distributions import lay_out
from light_components import LightFactory, LightMargin, LightTrainer

GAP = """
from typing import ClassVar

import numpy as np
from acqkit import Component, hookimpl


class Gap(Component):
    title: ClassVar[str] = "gap of {a} and {b}"
    higher_is_better: ClassVar[bool] = False

    def measure(self, evaluation):
        a, b = (side.mean.mean(axis=0) for side in evaluation.embeddings.sides)
        return np.linalg.norm(a - b)


class Calibration(Component):
    def measure(self, evaluation):
        return RETURNS


@hookimpl
def acqkit_register_metrics():
    return {"gap": Gap, "calibration": Calibration}
"""

POOL = make_pool(test_share=0.25)
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a plugin with the metrics `gap` and `calibration` in the place of an earlier one."""
    site = tmp_path / "site"

    def installed(calibration: str = "None", version: str = "1.0") -> None:
        shutil.rmtree(site, ignore_errors=True)
        lay_out(site, "acqkit-gap", GAP.replace("RETURNS", calibration), version)
        sys.modules.pop("acqkit_gap", None)
        registry.cache_clear()

    monkeypatch.syspath_prepend(str(site))
    yield installed
    sys.modules.pop("acqkit_gap", None)
    registry.cache_clear()


def run(out: Path, **settings: Any) -> Results:
    light: dict[str, Any] = {
        "strategy": LightMargin(),
        "trainer": LightTrainer(),
        "model": LightFactory(),
        "initial": 12,
        "per_round": 8,
        "rounds": 1,
        "seeds": 1,
    }
    return acqkit.run(POOL, out=out, **light | settings)


def test_a_metric_of_a_plugin_is_in_the_results(tmp_path: Path, install: Install) -> None:
    install()
    run(tmp_path / "run", full=True)
    data = json.loads((tmp_path / "run" / "results.json").read_text(encoding="utf-8"))
    assert data["metrics"]["gap"] == {"title": "gap of image and text", "higher_is_better": False}
    assert data["versions"]["acqkit-gap"] == "1.0"
    # The light model's means do not depend on labels.
    model = LightFactory().build(POOL, "cpu")
    sides = model.embed(POOL.batch(POOL.test_positions)).sides
    gap = np.linalg.norm(sides[0].mean.mean(axis=0) - sides[1].mean.mean(axis=0))
    for figures in (*data["rounds"], data["full"]):
        assert_allclose(figures["metrics"]["gap"], gap, rtol=1e-6)
        assert "calibration" not in figures["metrics"]  # None: it cannot be measured


def test_a_metric_of_a_plugin_is_in_terminal_and_report(
    tmp_path: Path,
    install: Install,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    install()
    save_pool(POOL, tmp_path / "pool")
    words = "--strategy random --strategy entropy+top --model sklearn --initial 12 --per-round 8"
    more = f"--rounds 1 --seeds 2 --pool {tmp_path / 'pool'} --out {tmp_path / 'run'}"
    monkeypatch.setattr(sys, "argv", ["acqkit", "run", *words.split(), *more.split()])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    table = capsys.readouterr().err.partition("After the last round")[2]
    rows = {cells[0]: cells[1:] for line in table.splitlines() if (cells := _cells(line))}
    files = sorted((tmp_path / "run").glob("*/results.json"), reverse=True)
    last = [[r for r in Results.read(file).rounds if r.round == 1] for file in files]
    for title, name in (("gap of image and text (lower is better)", "gap"), ("nDCG", "ndcg")):
        means = [np.mean([record.metrics[name] for record in records]) for records in last]
        assert_allclose([float(cell) for cell in rows[title]], means, rtol=1e-3)
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert '<option value="gap">gap of image and text</option>' in page


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("│")[1:-1]]


def test_the_metrics_of_the_field_are_those_of_the_rankings(tmp_path: Path) -> None:
    results = run(tmp_path / "run")
    sides = LightFactory().build(POOL, "cpu").embed(POOL.batch(POOL.test_positions)).sides
    assert POOL.truth is not None
    scores = evaluate_retrieval(sides[0].mean, sides[1].mean, POOL.truth[POOL.test_positions])
    wanted = {
        "map": scores.map,
        "map_ab": scores.map_ab,
        "map_ba": scores.map_ba,
        "map50": scores.map50,
        "map50_ab": scores.ab.map_at[50],
        "map50_ba": scores.ba.map_at[50],
        "ndcg": scores.ndcg,
        "recall1": scores.recall_at(1),
        "recall5": scores.recall_at(5),
        "recall10": scores.recall_at(10),
    }
    assert list(wanted) == list(STANDARD) == list(results.metrics)[: len(wanted)]
    for record in results.rounds:
        assert record.metrics == pytest.approx(wanted, abs=1e-6)
        for name in ("map", "map_ab", "map_ba", "map50"):
            assert getattr(record, name) == record.metrics[name]


@pytest.mark.parametrize("value", ["float('nan')", "'high'", "[1.0]", "1j", "-np.inf"])
def test_what_is_no_finite_number_is_refused(tmp_path: Path, install: Install, value: str) -> None:
    install(calibration=value)
    with pytest.raises(PluginError, match=r"'calibration' of acqkit-gap measured .*finite number"):
        run(tmp_path / "run")


def test_figures_of_another_version_are_not_added_to_a_run(
    tmp_path: Path, install: Install
) -> None:
    run(tmp_path / "run")
    install()
    two = run(tmp_path / "run", rounds=2)  # a metric more does no harm
    assert ["gap" in record.metrics for record in two.rounds] == [False, False, True]
    install(version="2.0")
    with pytest.raises(ConfigError, match=r"holds another run \(acqkit-gap was 1.0, now 2.0\)"):
        run(tmp_path / "run", rounds=3)


def test_results_written_before_there_was_a_mapping_still_open(tmp_path: Path) -> None:
    run(tmp_path / "run", full=True)
    file = tmp_path / "run" / "results.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    del data["metrics"], data["full"]["metrics"]
    for record in data["rounds"]:
        del record["metrics"]
    file.write_text(json.dumps(data), encoding="utf-8")
    old = Results.read(file)
    assert set(old.metrics) == {"map", "map50", "map_ab", "map_ba"}
    assert old.metrics["map_ab"].title == "MAP, a → b"
    for record in old.rounds:
        assert record.metrics == {name: getattr(record, name) for name in old.metrics}
    assert old.full is not None and old.full.metrics["map50"] == old.full.map50
