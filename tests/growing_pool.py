"""Pools of some of the same sixty pairs, and what a campaign knows of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from acqkit import Campaign, PairPool

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(60, 5)).astype(np.float32), RNG.normal(size=(60, 4)).astype(np.float32)
NAMES = ("cat", "dog", "owl")


def made(rows: Any = slice(30), ids: bool = True, **others: Any) -> PairPool:
    """Some of sixty pairs; every fifth is a test pair."""
    number = np.arange(60)[rows]
    given: dict[str, Any] = {
        "class_names": NAMES,
        "ids": [f"im{n}" for n in number] if ids else None,
        "split": np.where(number % 5 == 0, "test", "train"),
        "multilabel": False,
    }
    return PairPool.from_arrays(A[rows], B[rows], **given | others)


def labels(campaign: Campaign) -> dict[str, list[str]]:
    """What is known, in words."""
    state, pool = campaign.labels, campaign.pool
    return {
        str(pool.ids[p]): [pool.class_names[c] for c in np.flatnonzero(state.matrix[p])]
        for p in state.labeled
    }
