"""The pool as a run uses it: with a test part, and summed up for its results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acqkit.errors import ConfigError
from acqkit.pool import PairPool
from acqkit.randomness import derive_seed, pair_keys, uniforms
from acqkit.runs.records import PoolSummary


def with_split(pool: PairPool, share: float) -> PairPool:
    """The pool itself if it has a test part, else with a share of it chosen by the ids' hash."""
    if pool.test is not None:
        return pool
    test = uniforms(pair_keys(pool.id_keys(), derive_seed(0, 0, "split"))) < share
    if test.all() or not test.any():
        raise ConfigError(
            f"pool {pool.name!r} with {len(pool)} pairs is too small to keep {share:.0%} for "
            "evaluation; give it a split"
        )
    return replace(pool, test=np.asarray(test))


def summarize(pool: PairPool) -> PoolSummary:
    """The pool's figures for `results.json`."""
    return PoolSummary(
        name=pool.name,
        n=len(pool),
        train=len(pool.train_positions),
        test=len(pool.test_positions),
        classes=len(pool.class_names),
        multilabel=pool.multilabel,
    )
