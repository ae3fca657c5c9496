"""Counts that leave out what cannot be similar agree with counts over all rows."""

from __future__ import annotations

import numpy as np
import pytest

from acqkit.embeddings import FloatArray
from acqkit.neighbors import (
    count_similar,
    count_similar_among,
    count_similar_near,
    near_counts,
    subtract_similar,
    unit,
)

THRESHOLDS = [-0.2, 0.3, 0.85, 0.99, 1 - 1e-6]


def _rows(n: int, spread: float) -> FloatArray:
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((12, 16))
    x = centers[rng.integers(12, size=n)] + spread * rng.standard_normal((n, 16))
    x[:5] = x[5:10]  # duplicates
    x[20] = 0
    return unit(x.astype(np.float32))


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("spread", [0.2, 3.0])
@pytest.mark.parametrize("worth_it", [0.4, 1.0])
def test_counts_are_those_of_all_comparisons(
    threshold: float, spread: float, worth_it: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_counts, "_FEWEST", 100)
    monkeypatch.setattr(near_counts, "_WORTH_IT", worth_it)
    x = _rows(900, spread)
    counted = np.random.default_rng(1).random(700) < 0.7
    got = count_similar_near(x, counted, threshold)
    np.testing.assert_array_equal(got, count_similar_among(x, counted, threshold))


def test_of_rows_in_clusters_few_comparisons_are_left() -> None:
    x = _rows(900, 0.2)
    groups = near_counts._Groups.of(x, np.arange(700), float(np.arccos(0.85)))
    assert groups.share_left(x) < 0.2


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_what_a_pick_covers_is_taken_from_what_is_near(threshold: float) -> None:
    x = _rows(400, 0.5)
    to_pick = x @ x[7]
    targets = x[to_pick >= threshold]
    counts = np.full(400, 50, dtype=np.float32)
    subtract_similar(counts, x, to_pick, targets, threshold)
    np.testing.assert_array_equal(50 - counts, count_similar(x, targets, threshold))
