"""Retrieval scores against a plainly written oracle, scikit-learn and their own symmetries."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.metrics import average_precision_score, ndcg_score

from acqkit.errors import AcqkitError, EmbeddingError, PoolError
from acqkit.interfaces import QueryScores
from acqkit.metrics import DirectionScores, evaluate_retrieval

KS = (1, 7, 50)


def oracle(queries: Any, gallery: Any, labels: Any, has_query: Any, has_item: Any) -> Any:
    """One direction, one query and one item at a time."""
    queries, gallery = queries.astype(float), gallery.astype(float)
    items = np.flatnonzero(has_item).tolist()
    rows = np.flatnonzero(has_query)
    relevant, own_ranks, aps, ndcgs = [], [], [], []
    for query in rows.tolist():
        scored = []
        for place, item in enumerate(items):
            norm = np.linalg.norm(queries[query]) * np.linalg.norm(gallery[item])
            cosine = queries[query] @ gallery[item] / norm if norm else 0.0
            scored.append((-round(cosine * 2**30), place))
        ranking = [items[place] for _, place in sorted(scored)]
        own_ranks.append(1 + ranking.index(query) if query in ranking else 0)
        gains = [int((labels[query] & labels[item]).sum()) for item in ranking]
        relevant.append(np.count_nonzero(gains))
        found = [_ap_and_ndcg(gains, k) for k in (None, *KS)]
        aps.append([ap for ap, _ in found])
        ndcgs.append([ndcg for _, ndcg in found])
    by_query = QueryScores(
        rows, np.array(relevant), np.array(own_ranks), KS, np.array(aps), np.array(ndcgs)
    )
    map, *maps = by_query.ap[by_query.relevant > 0].mean(axis=0).tolist()
    ndcg, *ndcgs_at = by_query.ndcg[by_query.relevant > 0].mean(axis=0).tolist()
    own = by_query.own_rank[by_query.own_rank > 0]
    return DirectionScores(
        queries=int(np.count_nonzero(by_query.relevant)),
        map=map,
        ndcg=ndcg,
        map_at=dict(zip(KS, maps, strict=True)),
        ndcg_at=dict(zip(KS, ndcgs_at, strict=True)),
        recall_at={k: float(np.mean(own <= k)) for k in (1, 5, 10)},
        by_query=by_query,
    )


def _ap_and_ndcg(gains: list[int], k: int | None) -> tuple[float, float]:
    """Of one ranking, cut at `k`."""
    top, hits, precisions = gains[:k], 0, []
    for rank, gain in enumerate(top, start=1):
        if gain:
            hits += 1
            precisions.append(hits / rank)
    best = sorted(gains, reverse=True)[:k]
    dcg, ideal = (
        sum(gain / np.log2(1 + rank) for rank, gain in enumerate(row, start=1))
        for row in (top, best)
    )
    return sum(precisions) / max(hits, 1), dcg / ideal if ideal else 0.0


def assert_scores_equal(
    one: DirectionScores, other: DirectionScores, queries: bool = False
) -> None:
    """`queries`: those of every query, too."""
    left, right = asdict(one), asdict(other)
    by_query, wanted = left.pop("by_query"), right.pop("by_query")
    assert left.keys() == right.keys()
    for name, value in left.items():
        if isinstance(value, dict):
            assert value.keys() == right[name].keys()
            assert_allclose(list(value.values()), list(right[name].values()), atol=1e-12)
        else:
            assert_allclose(value, right[name], atol=1e-12)
    for name in by_query if queries else ():
        assert_allclose(by_query[name], wanted[name], atol=1e-12)


def make_data(
    seed: int, n: int = 60, d: int = 4, c: int = 5, *, multilabel: bool = True, ties: bool = False
) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    labels = np.eye(c, dtype=np.uint8)[rng.integers(c, size=n)]
    if multilabel:
        labels = (rng.random((n, c)) < 0.3).astype(np.uint8)
    a, b = (labels[:, :d] + rng.standard_normal((n, d)) for _ in range(2))
    if ties:
        a, b = np.rint(a), np.rint(b)
    return a.astype(np.float32), b.astype(np.float32), labels


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("absent", [False, True])
def test_every_score_equals_the_oracle(multilabel: bool, ties: bool, absent: bool) -> None:
    a, b, labels = make_data(1, multilabel=multilabel, ties=ties)
    rng = np.random.default_rng(2)
    has_a, has_b = (rng.random(60) > (0.3 if absent else -1) for _ in range(2))
    scores = evaluate_retrieval(a, b, labels, ks=KS, block=17, present_a=has_a, present_b=has_b)
    assert_scores_equal(scores.ab, oracle(a, b, labels, has_a, has_b), queries=True)
    assert_scores_equal(scores.ba, oracle(b, a, labels, has_b, has_a), queries=True)


def test_similarities_near_the_ends_of_their_range_are_ranked_exactly() -> None:
    """All within 2^-14 of 1 or of -1, so that no key's highest bits tell them apart."""
    rng = np.random.default_rng(7)
    labels = (rng.random((80, 4)) < 0.4).astype(np.uint8)
    a, b = (1 + 2e-3 * rng.standard_normal((80, 8)) for _ in range(2))
    b[::3] *= -1
    a[:9], b[:9] = 1, np.array([1, -1, 1] * 3)[:, None]
    everyone = np.ones(80, dtype=bool)
    scores = evaluate_retrieval(a, b, labels, ks=KS)
    assert_scores_equal(scores.ab, oracle(a, b, labels, everyone, everyone), queries=True)
    assert_scores_equal(scores.ba, oracle(b, a, labels, everyone, everyone), queries=True)


def test_map_and_ndcg_equal_scikit_learn() -> None:
    a, b, labels = make_data(3, n=150)
    unit_a, unit_b = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (a, b))
    cosine, gain = unit_a @ unit_b.T, labels.astype(int) @ labels.T
    rows = np.flatnonzero(gain.any(axis=1))
    assert 0 < len(rows) < 150
    scores = evaluate_retrieval(a, b, labels, ks=(10,))
    ap = [average_precision_score(gain[row] > 0, cosine[row]) for row in rows]
    assert scores.ab.queries == len(rows)
    assert_allclose(scores.map_ab, np.mean(ap), atol=1e-9)
    assert_allclose(scores.ab.ndcg, ndcg_score(gain[rows], cosine[rows]), atol=1e-9)
    assert_allclose(scores.ab.ndcg_at[10], ndcg_score(gain[rows], cosine[rows], k=10), atol=1e-9)


def test_means_of_both_directions() -> None:
    scores = evaluate_retrieval(*make_data(4), ks=(7,))
    assert scores.map == (scores.map_ab + scores.map_ba) / 2
    assert scores.map50 == scores.map_at(50) == (scores.ab.map_at[50] + scores.ba.map_at[50]) / 2
    assert scores.map_at(7) != scores.map50
    assert scores.ndcg == (scores.ab.ndcg + scores.ba.ndcg) / 2
    assert scores.ndcg_at(7) == (scores.ab.ndcg_at[7] + scores.ba.ndcg_at[7]) / 2
    assert scores.recall_at(5) == (scores.ab.recall_at[5] + scores.ba.recall_at[5]) / 2


def test_by_hand() -> None:
    """Query 0 ranks the items 1, 0, 2, 3 of which 0 and 3 are relevant."""
    labels = np.array([[1, 0], [0, 1], [0, 1], [1, 0]])
    a = np.array([[1.0, 0.0]] * 4)
    b = np.array([[0.9, 0.3], [1.0, 0.1], [0.5, 0.5], [0.0, 1.0]])
    only_first = np.array([True, False, False, False])
    scores = evaluate_retrieval(a, b, labels, ks=(1, 3), present_a=only_first).ab
    assert scores.queries == 1
    assert_allclose(scores.map, (1 / 2 + 2 / 4) / 2)
    assert scores.map_at[1] == 0
    # One of the two relevant items is within the first three: divided by one, not by two.
    assert_allclose(scores.map_at[3], 1 / 2)
    assert scores.recall_at == {1: 0, 5: 1, 10: 1}
    dcg = 1 / np.log2(3) + 1 / np.log2(5)
    assert_allclose(scores.ndcg, dcg / (1 + 1 / np.log2(3)))


def test_equal_embeddings_are_ranked_in_the_order_of_the_gallery() -> None:
    labels = np.array([[1, 0], [0, 1], [1, 0], [0, 1]])
    scores = evaluate_retrieval(np.ones((4, 3)), np.ones((4, 3)), labels).ab
    assert_allclose(scores.map, ((1 + 2 / 3) / 2 + (1 / 2 + 2 / 4) / 2) / 2)
    assert scores.recall_at[1] == 1 / 4


def test_duplicates_tie_exactly_wherever_blocks_end() -> None:
    rng = np.random.default_rng(0)
    base = rng.standard_normal((40, 33)).astype(np.float32)
    a, b = np.repeat(base, 5, axis=0), np.repeat(base[::-1], 5, axis=0)
    labels = (rng.random((200, 3)) < 0.4).astype(np.uint8)
    whole = evaluate_retrieval(a, b, labels)
    for block in (1, 3, 64, 199):
        assert_scores_equal(evaluate_retrieval(a, b, labels, block=block).ab, whole.ab)


def test_perfect_and_worst_embeddings() -> None:
    labels = np.eye(4, dtype=np.uint8)[np.arange(80) % 4]
    perfect = evaluate_retrieval(labels, labels, labels)
    assert perfect.map == perfect.map50 == perfect.ndcg == 1
    first = np.eye(2, dtype=np.uint8)[np.arange(80) // 40]
    worst = evaluate_retrieval(first, 1 - first, first)
    assert worst.recall_at(10) == 0
    assert_allclose(worst.map, np.mean([rank / (40 + rank) for rank in range(1, 41)]))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.booleans())
def test_symmetries(seed: int, block: int, multilabel: bool) -> None:
    a, b, labels = make_data(seed, n=40, multilabel=multilabel)
    scores = evaluate_retrieval(a, b, labels, ks=KS)
    for side in (scores.ab, scores.ba):
        values = [side.map, side.ndcg, *side.map_at.values(), *side.ndcg_at.values()]
        assert all(0 <= value <= 1 for value in values)
        assert sorted(side.recall_at.values()) == list(side.recall_at.values())
    swapped = evaluate_retrieval(b, a, labels, ks=KS, block=block)
    assert_scores_equal(swapped.ab, scores.ba)
    assert_scores_equal(swapped.ba, scores.ab)
    rng = np.random.default_rng(seed)
    order = rng.permutation(40)
    scale = 10.0 ** rng.uniform(-30, 30, size=(40, 1))
    moved = evaluate_retrieval(scale * a[order], b[order], labels[order], ks=KS, block=block)
    assert_scores_equal(moved.ab, scores.ab)
    assert_scores_equal(moved.ba, scores.ba)


def test_pairs_that_lack_a_modality_are_as_good_as_not_there() -> None:
    a, b, labels = make_data(5)
    absent = np.arange(60) % 3 == 0
    b[absent] = 1e6
    scores = evaluate_retrieval(a[~absent], b[~absent], labels[~absent])
    masked = evaluate_retrieval(a, b, labels, present_a=~absent, present_b=~absent)
    assert_scores_equal(masked.ab, scores.ab)
    assert_scores_equal(masked.ba, scores.ba)


def test_zero_embeddings_are_survived() -> None:
    a, b, labels = make_data(6)
    a[:] = 0
    assert 0 < evaluate_retrieval(a, b, labels).map < 1


@pytest.mark.parametrize(
    ("error", "words", "changes"),
    [
        (EmbeddingError, "one space", {"b": np.ones((6, 3))}),
        (EmbeddingError, "one space", {"b": np.ones((5, 2))}),
        (EmbeddingError, "row 2", {"a": np.array([[1, 1], [1, 1], [1, np.nan]] * 2)}),
        (EmbeddingError, r"\[n, d\]", {"a": np.ones(6)}),
        (EmbeddingError, "at least one", {"a": np.ones((0, 2)), "b": np.ones((0, 2))}),
        (EmbeddingError, "present_b has shape", {"present_b": np.ones(3, bool)}),
        (EmbeddingError, "present_a has no pair", {"present_a": np.zeros(6, bool)}),
        (EmbeddingError, "at least 1", {"ks": (0,)}),
        (EmbeddingError, "at least 1", {"block": 0}),
        (PoolError, r"wanted \[6, classes\]", {"labels": np.ones((5, 2))}),
        (PoolError, "not 0/1, first in row 0", {"labels": np.full((6, 2), 2)}),
        (PoolError, "shares a label", {"labels": np.zeros((6, 2))}),
    ],
)
def test_what_cannot_be_evaluated_is_refused(
    error: type[AcqkitError], words: str, changes: dict[str, Any]
) -> None:
    given: dict[str, Any] = {"a": np.ones((6, 2)), "b": np.ones((6, 2)), "labels": np.ones((6, 2))}
    given |= changes
    with pytest.raises(error, match=words):
        evaluate_retrieval(given.pop("a"), given.pop("b"), given.pop("labels"), **given)


LARGE = """
import resource
import numpy as np
from acqkit.metrics import evaluate_retrieval
n = 6_000
rng = np.random.default_rng(0)
labels = (rng.random((n, 20)) < 0.1).astype(np.uint8)
a, b = (rng.standard_normal((n, 64), dtype=np.float32) for _ in range(2))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
evaluate_retrieval(a, b, labels)
growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
print(growth)
"""


def test_memory_does_not_grow_with_queries_times_gallery() -> None:
    """The ranking keys of 6,000 x 6,000 alone would take 288 MB."""
    done = subprocess.run(  # in a process of its own: peak memory never goes down again
        [sys.executable, "-c", LARGE], check=True, capture_output=True, text=True
    )
    assert int(done.stdout) < 200e6
