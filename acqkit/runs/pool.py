"""The pool as a run uses it: with truth and a test part, and summed up for its results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acqkit.errors import ConfigError, PoolError
from acqkit.pool import PairPool
from acqkit.randomness import derive_seed, pair_keys, uniforms
from acqkit.runs.records import PoolSummary

_WANTS = {"train": "ask for", "test": "evaluate on"}
"""What a run does with the labeled pairs of a part."""


def simulated(pool: PairPool, share: float) -> PairPool:
    """The pool as a simulation has it: it begins without labels, and has a test part.

    The truth of a partly labeled pool is what is known of it, and `truth_of` says of which pairs.
    Without a split, a `share` of the pairs whose truth is known is kept for evaluation, chosen by
    the ids' hash.

    Raises PoolError where no pair is labeled in all, to learn from or to evaluate, and ConfigError
    where there are too few to keep a share.
    """
    if pool.truth is not None:
        return with_split(replace(pool, known=None), share)
    if pool.known is None or not len(pool.known.labeled):
        raise PoolError(
            f"pool {pool.name!r} has no labels to simulate with; for labeling by people use "
            "`acqkit campaign init`"
        )
    labeled = np.asarray(pool.known.round >= 0)
    begun = replace(pool, known=None, truth=pool.known.matrix, truth_of=labeled)
    split = with_split(begun, share)
    for part, positions in (("train", split.train_positions), ("test", split.test_positions)):
        if not len(split.answerable(positions)):
            raise PoolError(
                f"none of the {len(positions):,} {part} pairs of pool {pool.name!r} is labeled, so "
                f"a run could {_WANTS[part]} nothing; label some of them (labeled_round is 0 or "
                "more then), or leave out the split, and a run divides the labeled pairs by itself"
            )
    return split


def with_split(pool: PairPool, share: float) -> PairPool:
    """The pool itself if it has a test part, else with a share of it chosen by the ids' hash.

    A pair whose truth is not known is not chosen. Raises ConfigError where that leaves a part
    without any pair.
    """
    if pool.test is not None:
        return pool
    test = uniforms(pair_keys(pool.id_keys(), derive_seed(0, 0, "split"))) < share
    labeled = np.ones(len(pool), dtype=bool) if pool.truth_of is None else pool.truth_of
    test &= labeled
    if not test.any() or not (labeled & ~test).any():
        some = "labeled " if pool.truth_of is not None else ""
        raise ConfigError(
            f"pool {pool.name!r} with {labeled.sum():,} {some}pairs is too small to keep "
            f"{share:.0%} for evaluation; give it a split"
        )
    return replace(pool, test=np.asarray(test))


def summarize(pool: PairPool) -> PoolSummary:
    """The figures of a pool as a simulation has it, for `results.json`."""
    train, test = pool.answerable(pool.train_positions), pool.answerable(pool.test_positions)
    partly = pool.truth_of is not None
    return PoolSummary(
        name=pool.name,
        n=len(pool),
        train=len(pool.train_positions),
        test=len(pool.test_positions),
        classes=len(pool.class_names),
        multilabel=pool.multilabel,
        labeled_train=len(train) if partly else None,
        labeled_test=len(test) if partly else None,
    )


def partly_labeled(pool: PoolSummary) -> str:
    """What a run makes of pairs without labels, in a sentence; "" where all pairs are labeled."""
    if pool.labeled_train is None or pool.labeled_test is None:
        return ""
    return (
        f"pool {pool.name!r} is partly labeled: {pool.labeled_train:,} of {pool.train:,} pairs to "
        f"learn from have labels, and {pool.labeled_test:,} of {pool.test:,} to evaluate on; only "
        "these are asked for and evaluated on, and the others to learn from are learned from "
        "without labels"
    )
