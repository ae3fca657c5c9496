"""The allocator `top` and the strategy `random`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acqkit.errors import BudgetError
from acqkit.interfaces import Scores
from acqkit.strategies import Random, Top
from acqkit.testing import make_context, make_embeddings, make_pool

POOL = make_pool(40, labeled=10)
CONTEXT = make_context(POOL, make_embeddings(POOL))


def _scores(values: np.ndarray) -> Scores:
    scores = np.full(40, -np.inf, dtype=np.float32)
    scores[CONTEXT.candidates] = values
    return Scores(scores)


@settings(max_examples=60, deadline=None)
@given(values=st.lists(st.integers(-3, 3), min_size=30, max_size=30), n=st.integers(1, 30))
def test_top_takes_the_highest_scores_in_order(values: list[int], n: int) -> None:
    scores = _scores(np.array(values))
    picks = Top().allocate(scores, CONTEXT, n)
    assert len(set(picks.tolist())) == n and np.isin(picks, CONTEXT.candidates).all()
    assert scores.values[picks].tolist() == sorted(values, reverse=True)[:n]


def test_chance_decides_between_equals_evenly() -> None:
    scores = _scores(np.zeros(30))
    counts = np.zeros(40)
    for seed in range(400):
        counts[Top().allocate(scores, make_context(POOL, CONTEXT.embeddings, seed=seed), 3)] += 1
    assert not counts[POOL.labels.labeled].any()
    assert counts[CONTEXT.candidates].min() >= 15 and counts.max() <= 70  # 40 expected, sd 6


def test_numbers_of_some_pairs_are_those_they_have_among_all() -> None:
    some = np.array([7, 3, 3, 39])
    got = CONTEXT.uniforms("any", some)
    np.testing.assert_array_equal(got, CONTEXT.uniforms("any")[some])


def test_random_is_uniform_and_varies_with_seed_and_round() -> None:
    counts = np.zeros(40)
    seen = set()
    for round in range(1, 401):
        picks = Random().select(make_context(POOL, CONTEXT.embeddings, round=round), 3)
        counts[picks] += 1
        seen.add(tuple(sorted(picks.tolist())))
    assert not counts[POOL.labels.labeled].any()
    assert counts[CONTEXT.candidates].min() >= 15 and counts.max() <= 70
    assert len(seen) > 350
    assert not Random.needs_embeddings


def test_more_than_there_is_is_refused() -> None:
    with pytest.raises(BudgetError, match="asked for 31 pairs but only 30"):
        Top().allocate(_scores(np.zeros(30)), CONTEXT, 31)
    with pytest.raises(BudgetError, match="asked for 31 pairs but only 30"):
        Random().select(CONTEXT, 31)
