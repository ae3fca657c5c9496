from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from acqkit import Component, PairEmbeddings, RoundContext, Scores, Selection
from acqkit.components.compose import Composed
from acqkit.embeddings import FloatArray, IntArray
from acqkit.errors import BudgetError, SelectionError
from acqkit.selection import score_candidates, select
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


class Sampler(Component):
    """An allocator that reads some scores only, and picks the first of what it reads."""

    read: list[int] | None

    def reads(self, context: RoundContext, n: int) -> IntArray | None:
        return None if self.read is None else np.array(self.read)

    def allocate(self, scores: Scores, context: RoundContext, n: int) -> IntArray:
        return np.flatnonzero(np.isfinite(scores.values))[:n]


class Watched(Component):
    """A scorer that remembers which pairs it was asked about."""

    seen: list[int]

    def score(self, block: PairEmbeddings, context: RoundContext) -> Scores:
        self.seen.extend(block.positions.tolist())
        return FirstCoordinate().score(block, context)


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


def test_only_what_an_allocator_reads_is_scored(context: RoundContext) -> None:
    read = context.candidates[[30, 3, 17, 8]].tolist()
    scorer = Watched(seen=[])
    selection = select(Composed(scorer=scorer, allocator=Sampler(read=read)), context, 2)
    assert scorer.seen == sorted(read)
    assert selection.positions.tolist() == sorted(read)[:2]
    assert selection.scores is not None
    assert_array_equal(selection.scores, context.embeddings.a.mean[selection.positions, 0])
    assert_array_equal(selection.terms["double"], 2 * selection.scores)

    scores = score_candidates(FirstCoordinate(), context, np.array(read))
    assert sorted(read) == np.flatnonzero(np.isfinite(scores.values)).tolist()
    assert sorted(read) == np.flatnonzero(np.isfinite(scores.terms["double"])).tolist()


def test_an_allocator_that_reads_everything_has_all_candidates_scored(
    context: RoundContext,
) -> None:
    scorer = Watched(seen=[])
    select(Composed(scorer=scorer, allocator=Sampler(read=None)), context, 2)
    assert scorer.seen == context.candidates.tolist()


def test_what_an_allocator_reads_must_be_candidates(context: RoundContext) -> None:
    own, labeled = int(context.candidates[0]), int(context.pool.labels.labeled[0])
    for read, message in [
        ([own, labeled], f"position {labeled}, which is no candidate"),
        ([own, 60], "position 60, which is no candidate"),
        ([-1, own], "position -1, which is no candidate"),
        ([], "wanted positions of some candidates"),
    ]:
        strategy = Composed(scorer=FirstCoordinate(), allocator=Sampler(read=read))
        with pytest.raises(SelectionError, match=message):
            select(strategy, context, 1)
    with pytest.raises(SelectionError, match=r"int64 of shape \(1, 2\), wanted positions"):
        score_candidates(FirstCoordinate(), context, np.array([[own, own]]))


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


class _Torn(Component):
    """A scorer with a sentence for two of its three terms."""

    def score(self, block: PairEmbeddings, context: RoundContext) -> Scores:
        first, second = block.a.mean[:, 0], block.b.mean[:, 0]
        terms = {"first": first, "second": second, "third": np.full(len(block), np.float32(99))}
        return Scores(first + second, terms, {"first": "First.", "second": "Second."})


def test_a_pick_is_explained_by_its_largest_term_that_has_a_sentence(context: RoundContext) -> None:
    n = len(context.candidates)
    selection = select(Composed(scorer=_Torn(), allocator=Highest()), context, n)
    wanted = [
        "" if max(first, second) <= 0 else "First." if first >= second else "Second."
        for first, second in zip(selection.terms["first"], selection.terms["second"], strict=True)
    ]
    assert selection.record == {"asked": n, "reasons": wanted}
    assert set(wanted) == {"", "First.", "Second."}


class _Explaining(Component):
    """An allocator that says why it picked, in as many sentences as it is given."""

    sentences: tuple[Any, ...]

    def allocate(self, scores: Scores, context: RoundContext, n: int) -> Selection:
        return Selection(context.candidates[:n], record={"reasons": list(self.sentences)})


def test_an_allocators_own_reasons_stand(context: RoundContext) -> None:
    own = _Explaining(sentences=("A.", "B."))
    assert select(Composed(scorer=_Torn(), allocator=own), context, 2).record == {
        "reasons": ["A.", "B."]
    }


@pytest.mark.parametrize("sentences", [("A.",), ("A.", 2)])
def test_reasons_must_be_one_string_a_pick(
    context: RoundContext, sentences: tuple[Any, ...]
) -> None:
    broken = Composed(scorer=_Torn(), allocator=_Explaining(sentences=sentences))
    with pytest.raises(SelectionError, match=r"record\['reasons'\].*wanted 2 strings"):
        select(broken, context, 2)


class _Peek(Component):
    """Says how wide the means are that it gets."""

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
        assert block.a.probabilities is not None
        return np.full(len(block), block.dim, dtype=np.float32)


class _PeekWithoutMeans(_Peek):
    needs_means = False


def test_means_are_read_only_for_scorers_that_need_them(context: RoundContext) -> None:
    own = context.candidates
    assert (score_candidates(_Peek(), context).values[own] == context.embeddings.dim).all()
    assert (score_candidates(_PeekWithoutMeans(), context).values[own] == 0).all()


_ANY_SELECTION: Any = Selection
_ANY_SCORES: Any = Scores
"""Made of anything, as a plugin without types makes them."""


class _Returning(Component):
    """A strategy and scorer that returns whatever it was given."""

    what: Any

    def select(self, context: RoundContext, n: int) -> Any:
        return self.what

    def score(self, block: PairEmbeddings, context: RoundContext) -> Any:
        return self.what if not isinstance(self.what, list) else self.what[: len(block)]


def test_lists_are_as_good_as_arrays(context: RoundContext) -> None:
    first, second = context.candidates[:2].tolist()
    returned = _ANY_SELECTION([first, second], [0.5, 1], {"t": [1, 2]})
    selection = select(_Returning(what=returned), context, 2)
    assert selection.positions.tolist() == [first, second]
    assert selection.scores is not None and selection.scores.tolist() == [0.5, 1.0]
    assert select(_Returning(what=[second]), context, 1).positions.tolist() == [second]
    scores = score_candidates(_Returning(what=list(range(len(context.pool)))), context)
    assert np.isfinite(scores.values[context.candidates]).all()


@pytest.mark.parametrize(
    "returned",
    [
        None, "ab", 3, [[1], [2, 3]], ["a", "b"], [0.5, 1.5], {1, 2}, object(),
        _ANY_SELECTION(None), _ANY_SELECTION(np.array([0, 1]), scores="x"),
        _ANY_SELECTION(np.array([0, 1]), scores=np.array(["a", "b"])),
        _ANY_SELECTION(np.array([0, 1]), terms=[1]), _ANY_SELECTION(np.array([0, 1]), record=[1]),
        _ANY_SELECTION(np.array([0, 1]), record={"reasons": 5}),
    ],
    ids=range(14),
)  # fmt: skip
def test_what_is_no_selection_is_refused(context: RoundContext, returned: Any) -> None:
    with pytest.raises(SelectionError):
        select(_Returning(what=returned), context, 2)


@pytest.mark.parametrize(
    "returned",
    [None, "ab", object(), np.array(["a"] * 4), _ANY_SCORES(None), _ANY_SCORES(np.zeros(4), [1])],
)
def test_what_are_no_scores_is_refused(context: RoundContext, returned: Any) -> None:
    with pytest.raises(SelectionError):
        score_candidates(_Returning(what=returned), context)
