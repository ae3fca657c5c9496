"""The table of `benchmarks/selection.py` on curves whose figures are known by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from selection import Suite, cells_of, main
from selection_table import table

from acqkit.plugins import registry
from acqkit.runner import Results
from acqkit.runner.results import PoolSummary, Reference, RoundRecord

SUITE = Path(__file__).parents[1] / "benchmarks" / "suites" / "selection.yaml"


def a_run(maps: list[float], *, step: int = 10, full: float | None = None) -> Results:
    rounds = [
        RoundRecord(
            seed=0,
            round=i,
            labels=step * i,
            map_ab=m,
            map_ba=m,
            map=m,
            map50=m,
            seconds={},
            picked=[],
        )
        for i, m in enumerate(maps)
    ]
    return Results(
        versions={},
        pool=PoolSummary(name="p", n=200, train=150, test=50, classes=2, multilabel=False),
        config={},
        full=None if full is None else Reference(map=full, map50=full),
        rounds=rounds,
    )


def cells(text: str, start: str) -> list[str]:
    rows = [line for line in text.splitlines() if line.startswith(f"| {start} |")]
    return [cell.strip() for row in rows for cell in row.strip("|").split("|")[1:]]


def test_areas_differences_and_labels_to_reach() -> None:
    done = {}
    for seed in range(5):
        bonus = 0.01 * seed
        done["p", "random", seed] = a_run([0.1, 0.4 + bonus, 0.6, 0.8, 0.9], full=0.79 / 0.95)
        done["p", "better", seed] = a_run([0.1, 0.7 + bonus, 0.8, 0.8, 0.9])
    text = table(done, "random")
    # Trapezoids from 10 to 40 labels: random (.42/2 + .6 + .8 + .9/2) / 3, mean over seeds.
    area, tests, reach = (cells(text, "better")[i] for i in (0, 3, 7))
    assert cells(text, "random")[0] == "0.6867"
    assert area == "0.8033 (+1167 ± 0)"
    assert cells(text, "better")[1] == "0.7200 (+3000 ± 0)"
    assert tests == "5/5"
    # On the mean curves: 20 + 10 · .19/.2 by random, 10 + 10 · .07/.08 by the other.
    assert reach == "19 (0.64)"
    assert "p: 0.790, 95% of full" in text


def test_a_target_out_of_reach_becomes_the_reference_s_own() -> None:
    done = {}
    for seed in range(2):
        done["p", "random", seed] = a_run([0.1, 0.2, 0.3, 0.4], full=0.9)
        done["p", "worse", seed] = a_run([0.1, 0.15, 0.2, 0.25])
    text = table(done, "random")
    # A fifth of 150 train pairs is 30.
    assert "p: 0.400, random at 30 (20%)" in text
    assert cells(text, "worse")[-2:] == [">30 (2.00)", "2.00"]


def test_strategies_without_every_seed_are_left_out() -> None:
    done = {("p", "random", seed): a_run([0.1, 0.2, 0.3], full=0.4) for seed in range(3)}
    done["p", "begun", 0] = a_run([0.1, 0.2, 0.3])
    assert "begun" not in table(done, "random")
    assert table({}, "random") == "no pool has random yet\n"


def test_the_shipped_suite_names_what_is_installed() -> None:
    suite = Suite.model_validate(yaml.safe_load(SUITE.read_text()))
    found = registry()
    for entry in suite.strategies:
        scorer, plus, allocator = entry.strategy.partition("+")
        if plus:
            found.get("scorer", scorer)
            found.get("allocator", allocator)
        else:
            found.get("strategy", entry.strategy)
    everyone = set(found.names("strategy"))
    assert everyone <= {entry.strategy for entry in suite.strategies}
    assert len(cells_of(suite)) == len(suite.strategies) * len(suite.pools) * suite.seeds


def test_cells_are_run_once_and_budgets_are_equal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    labels = np.eye(3, dtype=np.uint8)[rng.integers(3, size=120)]
    features = (labels @ rng.normal(size=(3, 6)) + rng.normal(size=(120, 6))).astype(np.float32)
    (tmp_path / "small").mkdir()
    np.savez(
        tmp_path / "small" / "pool.npz",
        modality_a=features,
        modality_b=features[:, :4],
        labels=labels,
        class_names=np.array(["x", "y", "z"]),
        split=np.where(np.arange(120) < 90, "train", "test"),
    )
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        yaml.safe_dump(
            {
                "trainer": {"name": "supervised", "min_steps": 2, "max_steps": 2},
                "seeds": 1,
                "reference": "random",
                "pools": {
                    "small": {"per_round": 10, "rounds": 2},
                    "nowhere": {"per_round": 1, "rounds": 1},
                },
                "strategies": [
                    {"strategy": "random"},
                    {"strategy": "entropy+top", "starts": "random"},
                ],
            }
        )
    )
    main(suite, tmp_path / "out", 1, tmp_path, only_table=False)
    first = capsys.readouterr().out
    assert "nowhere is not in" in first
    kept = sorted((tmp_path / "out").rglob("results.json"))
    assert len(kept) == 2
    for path in kept:
        assert [r.labels for r in Results.read(path).rounds if r.labels] == [10, 20]
    stamps = [path.stat().st_mtime_ns for path in kept]
    main(suite, tmp_path / "out", 1, tmp_path, only_table=False)
    assert [path.stat().st_mtime_ns for path in kept] == stamps
    assert capsys.readouterr().out == first
    assert (tmp_path / "out" / "table.md").read_text() in first
