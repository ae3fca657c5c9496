from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from acqkit import Component, PairEmbeddings, RoundContext, Scores, Selection
from acqkit.embeddings import FloatArray, IntArray
from acqkit.errors import BudgetError, SelectionError
from acqkit.selection import Composed, score_candidates, select
from acqkit.testing import make_context, make_embeddings, make_pool


class Given(Component):
    """A strategy that returns what it was given."""

    picks: list[int]

    def select(self, context: RoundContext, n: int) -> IntArray:
        return np.array(self.picks)


class FirstCoordinate(Component):
    """A scorer with a term."""

    def score(self, block: PairEmbeddings, context: RoundContext) -> Scores:
        return Scores(block.a.mean[:, 0], {"double": 2 * block.a.mean[:, 0]})


class Broken(Component):
    """A scorer that returns a constant, possibly not finite, possibly too long."""

    value: float
    extra: int = 0

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
        return np.full(len(block) + self.extra, self.value, dtype=np.float32)


class Highest(Component):
    """An allocator that keeps a record."""

    def allocate(self, scores: Scores, context: RoundContext, n: int) -> Selection:
        return Selection(np.argsort(-scores.values)[:n], record={"asked": n})


@pytest.fixture
def context() -> RoundContext:
    pool = make_pool(60, labeled=20)
    return make_context(pool, make_embeddings(pool), block_size=7)


def test_scores_are_in_the_pools_index_space(context: RoundContext) -> None:
    scores = score_candidates(FirstCoordinate(), context)
    candidates = context.candidates
    assert_array_equal(scores.values[candidates], context.embeddings.a.mean[candidates, 0])
    assert np.isneginf(scores.values[context.pool.labels.labeled]).all()
    assert_array_equal(scores.terms["double"][candidates], 2 * scores.values[candidates])


def test_a_composed_strategy_keeps_scores_terms_and_record(context: RoundContext) -> None:
    selection = select(Composed(scorer=FirstCoordinate(), allocator=Highest()), context, 5)
    values = context.embeddings.a.mean[:, 0]
    expected = sorted(context.candidates, key=lambda p: -values[p])[:5]
    assert selection.positions.tolist() == expected
    assert selection.scores is not None
    assert_array_equal(selection.scores, values[selection.positions])
    assert_array_equal(selection.terms["double"], 2 * selection.scores)
    assert selection.record == {"asked": 5}
    assert set(context.clock.seconds) == {"score", "allocate"}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_scores_that_are_not_finite_do_not_get_through(context: RoundContext, value: float) -> None:
    with pytest.raises(SelectionError, match="scores must be finite"):
        score_candidates(Broken(value=value), context)


def test_scores_of_the_wrong_length_do_not_get_through(context: RoundContext) -> None:
    with pytest.raises(SelectionError, match=r"shape \(8,\) for a block of 7 pairs"):
        score_candidates(Broken(value=0, extra=1), context)


def test_asking_for_too_many_or_none_says_how_many_there_are(context: RoundContext) -> None:
    with pytest.raises(BudgetError, match="asked for 41 pairs but only 40 are unlabeled"):
        select(Given(picks=[]), context, 41)
    with pytest.raises(BudgetError, match="ask for at least 1"):
        select(Given(picks=[]), context, 0)


def test_contract_violations_are_named(context: RoundContext) -> None:
    a, b, c = context.candidates[:3].tolist()
    labeled = int(context.pool.labels.labeled[0])
    assert select(Given(picks=[c, a, b]), context, 3).positions.tolist() == [c, a, b]
    for picks, message in [
        ([a, b], r"wanted integers of shape \(3,\)"),
        ([a, b, a], f"position {a} more than once"),
        ([a, b, 60], "outside the pool's 0..59"),
        ([a, b, -1], "outside the pool's"),
        ([a, b, labeled], f"position {labeled}, which is no candidate"),
    ]:
        with pytest.raises(SelectionError, match=message):
            select(Given(picks=picks), context, 3)


def test_pairs_that_are_asked_for_already_are_no_candidates(context: RoundContext) -> None:
    pending = int(context.candidates[0])
    narrowed = replace(context, candidates=context.candidates[1:])
    with pytest.raises(SelectionError, match="no candidate"):
        select(Given(picks=[pending]), narrowed, 1)


def test_columns_must_fit_the_picks(context: RoundContext) -> None:
    class Misfit(Component):
        def select(self, context: RoundContext, n: int) -> Selection:
            return Selection(context.candidates[:n], scores=np.zeros(n + 1, np.float32))

    with pytest.raises(SelectionError, match="returned scores that are not 2 finite numbers"):
        select(Misfit(), context, 2)
