"""On a device the ranking of every query is that of the CPU, ties and missing modalities too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from acqkit.metrics import device_ranking, evaluate_retrieval


@pytest.mark.parametrize("multilabel", [False, True])
def test_scores_are_those_of_the_cpu(multilabel: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_ranking, "_BLOCK_ELEMENTS", 7 * 90)  # several blocks
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 90, 5)).astype(np.float16)
    a[10:20], b[10:20] = a[0], b[0]  # ties
    labels = rng.random((90, 6)) < 0.3 if multilabel else np.eye(6)[rng.integers(0, 6, 90)]
    present = rng.random(90) < 0.8
    given: dict[str, Any] = {
        "ks": (1, 10, 500),
        "present_a": present,
        "present_b": np.roll(present, 7),
    }
    plain = evaluate_retrieval(a, b, labels.astype(np.uint8), **given)
    there = evaluate_retrieval(a, b, labels.astype(np.uint8), device="cpu:0", **given)
    for mine, wanted in ((there.ab, plain.ab), (there.ba, plain.ba)):
        for name in ("relevant", "own_rank", "ap", "ndcg"):
            np.testing.assert_allclose(
                getattr(mine.by_query, name), getattr(wanted.by_query, name), rtol=1e-12
            )
        assert mine.recall_at == wanted.recall_at and mine.queries == wanted.queries
