"""Results of a run as `results.json` has them."""

from __future__ import annotations

from typing import Any

IDS = [f"p{number}" for number in range(12)]


def _round(seed: int, round: int, last: bool) -> dict[str, Any]:
    figures = {"map": 0.3 + 0.1 * round, "map50": 0.4, "map_ab": 0.3 + 0.1 * round, "map_ba": 0.3}
    record: dict[str, Any] = {"seed": seed, "round": round, "labels": 2 + 2 * round, **figures}
    record |= {"seconds": {"train": 0.5, "embed": 0.1}, "picked": IDS[2 * round : 2 * round + 2]}
    if last:
        lines = {"classifier": [0.9, 0.8], "pseudo_labels": [1.0, 0.7]}
        record["label_precision"] = {"pairs": 6, "coverages": [0.5, 1.0], **lines}
    if seed == 1:  # seed 0 is as results were before there was a mapping
        record["metrics"] = {**figures, "recall1": 0.25}
    return record


FINE: dict[str, Any] = {
    "schema": 1,
    "versions": {"acqkit": "0.1.0"},
    "pool": {"name": "p", "n": 12, "train": 9, "test": 3, "classes": 2, "multilabel": False},
    "config": {
        "pool": "pool.npz",
        "strategy": "random",
        "trainer": {"name": "supervised", "max_steps": 3},
        "test_share": 0.2,
        "stop": {"budget": None},
    },
    "metrics": {
        name: {"title": name, "higher_is_better": True}
        for name in ("map", "map50", "map_ab", "map_ba", "recall1")
    },
    "full": {"map": 0.6, "map50": 0.7},
    "rounds": [_round(seed, round, round == 2) for seed in range(2) for round in range(3)],
}
