"""The benchmark of large pools, on small ones: the same picks by layouts, engines and deaths."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

import large_pool
from suite.scale import pool_files
from suite.scale.round_tables import growth, markdown

PHASES = ["open", "create", "train", "embed", "score", "allocate", "store", "open again"]


@pytest.mark.net
def test_layouts_engines_and_deaths_pick_the_same_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_files, "LABELED", 100)  # a short training
    ways = {"npy": ["local"], "parquet": ["killed"]}
    results: list[dict[str, Any]] = []
    for layout, engines in ways.items():
        (tmp_path / layout).mkdir()
        results += large_pool.measured(tmp_path / layout, layout, 20_000, engines)
    assert results[0]["picks"] == results[1]["picks"]
    for result in results:
        assert sorted(result["seconds"]) == sorted(result["cpu"]) == sorted(PHASES)
        peaks = result["peaks"]
        assert 0 < max(itertools.chain(*peaks.values())) < 2**21  # KiB
    # Two at the beginning, and at least the one in the place of the first that died.
    assert len(results[1]["peaks"]["workers"]) >= 3
    said = markdown([result | {"commit": "abc", "arguments": "20000"} for result in results])
    assert "| 20,000 | parquet | ray, 2 of its workers killed |" in said
    assert "core hours" in said


def test_growth_is_the_power_between_two_sizes_and_over_all() -> None:
    results = [
        {"pairs": n, "layout": "npy", "way": "local", "cpu": {"open": n / 9, "embed": n**2 / 9}}
        for n in (100, 1000, 10_000)
    ]
    rows = growth(results)
    assert rows[2] == ["100", "1,000", "npy", "local", "1.00", "2.00"]
    assert rows[-1] == ["100", "10,000", "npy", "local", "1.00", "2.00"]
