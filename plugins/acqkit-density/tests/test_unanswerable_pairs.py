"""Pairs that nobody can answer for are covered by picks, and cover nothing themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from acqkit_density import CoverageStrategy, Density
from acqkit_density.sample import SampleSizes

from acqkit import ModalityEmbeddings, PairEmbeddings, RoundContext, Scores
from acqkit.embeddings import IntArray
from acqkit.labels import LabelState
from acqkit.selection import as_selection
from acqkit.testing import make_pool

CROWD = np.arange(160)
"""Pairs near each other, of which four can be answered for; all of the forty others can."""


class SmallSample(CoverageStrategy):
    """Looks at a sample of pools of more than 100 pairs."""

    sizes = SampleSizes(whole=100, per_pick=1)


class SmallDensity(Density):
    """The same for the allocator."""

    sizes = SampleSizes(whole=100, per_pick=1)


@pytest.fixture
def crowd() -> RoundContext:
    rng = np.random.default_rng(0)
    centers = np.repeat(np.eye(2, 4), [len(CROWD), 40], axis=0)
    mean = (centers + 0.03 * rng.standard_normal((200, 4))).astype(np.float32)
    sides = [ModalityEmbeddings(mean), ModalityEmbeddings(mean)]
    pool = make_pool(200, 2).with_labels(LabelState.empty(200, 2))
    embeddings = PairEmbeddings(sides[0], sides[1], np.arange(200), False)
    candidates = np.concatenate([CROWD[::40], np.arange(160, 200)])
    return RoundContext(1, 0, pool, embeddings, candidates, waiting=np.arange(0))


def picks(part: Any, context: RoundContext, n: int) -> IntArray:
    """Picks of a strategy, or of an allocator that is told that all are equally wanted."""
    if isinstance(part, Density):
        values = np.full(len(context.pool), -np.inf, np.float32)
        values[context.candidates] = 1.0
        return as_selection(part.allocate(Scores(values), context, n)).positions
    return as_selection(part.select(context, n)).positions


@pytest.mark.parametrize(
    "part",
    [
        CoverageStrategy(neighbors=64),
        SmallSample(neighbors=64),
        Density(neighbors=64),
        SmallDensity(neighbors=64),
        Density(form="both", neighbors=64),
    ],
)
def test_the_first_pick_is_where_most_pairs_are(part: Any, crowd: RoundContext) -> None:
    assert picks(part, crowd, 1)[0] in CROWD
    # Had they been asked for, they would be covered.
    asked = replace(crowd, waiting=np.setdiff1d(CROWD, crowd.candidates))
    assert picks(part, asked, 1)[0] not in CROWD
