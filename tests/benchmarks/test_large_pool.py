"""The benchmark of large pools, on small ones: both layouts end in the same picks."""

from __future__ import annotations

from pathlib import Path

import pytest

import large_pool


@pytest.mark.net
def test_both_layouts_pick_the_same_pairs_and_every_phase_is_measured(tmp_path: Path) -> None:
    results = []
    for layout in large_pool.LAYOUTS:
        (tmp_path / layout).mkdir()
        results.append(large_pool.measured(tmp_path / layout, layout, 2000))
    assert results[0]["picks"] == results[1]["picks"]
    phases = ["open", "create", "train", "embed", "score", "allocate", "store", "open again"]
    for result in results:
        assert sorted(result["seconds"]) == sorted(phases)
        assert 0 < max(result["peaks"].values()) < 2**21  # KiB
    assert "| 2,000 | parquet |" in large_pool.markdown(results, "2000")


def test_growth_is_the_power_between_two_sizes() -> None:
    results = [
        {"pairs": n, "layout": "npy", "seconds": {"open": n / 100, "embed": n**2 / 10**6}}
        for n in (100, 1000)
    ]
    rows = large_pool._growth(results)
    assert rows[-1] == ["100", "1,000", "npy", "1.00", "2.00"]
