"""The few queries that a run keeps with their best matches, against brute force."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_data import png

from acqkit import PairPool, run
from acqkit.metrics.matches import best_matches
from acqkit.report import collect, write_report
from acqkit.runner.evaluate import evaluate
from acqkit.runner.shown import BEST, QUERIES, shown_queries
from acqkit.testing import make_pool
from light_components import LightFactory, LightMargin, LightTrainer

LIGHT: dict[str, Any] = {
    "strategy": LightMargin(),
    "trainer": LightTrainer(),
    "model": LightFactory(),
    "initial": 10,
    "per_round": 6,
    "rounds": 2,
    "seeds": 2,
}


@pytest.fixture
def shown_pool() -> PairPool:
    """Ids that are texts, pictures and texts to look at, some pairs without a picture."""
    made = make_pool(90, 3, test_share=0.4, multilabel=True)
    present = np.arange(90) % 7 > 0
    return replace(
        made,
        explicit_ids=np.array([f"p{i}" for i in range(90)]),
        present=(present, None),
        display={
            "image": [png((8 + i % 5, 8)) if present[i] else None for i in range(90)],
            "text": [f"text {i}" for i in range(90)],
        },
    )


def cosine(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> float:
    return float(x.astype(float) @ y.astype(float) / np.linalg.norm(x) / np.linalg.norm(y))


def test_the_best_matches_are_those_of_brute_force() -> None:
    rng = np.random.default_rng(0)
    queries, gallery = rng.standard_normal((2, 6, 4)).astype(np.float32)
    gallery = np.concatenate([gallery, gallery[:2]])  # of equals the first comes first
    found = best_matches(queries, gallery, 5)
    for query, rows in zip(queries, found, strict=True):
        order = sorted(range(8), key=lambda row: (-round(cosine(query, gallery[row]), 9), row))
        assert rows.tolist() == order[:5]
    assert best_matches(queries, gallery[:3], 5).shape == (6, 3)


def test_shown_queries_are_those_of_brute_force(shown_pool: PairPool) -> None:
    pool, truth = shown_pool, shown_pool.truth
    assert truth is not None
    model = LightFactory().build(pool, "cpu")
    positions = pool.test_positions
    found = shown_queries(evaluate(model, pool, positions, truth), pool, positions)
    embedded = model.embed(pool.batch(positions))
    picture = np.asarray(pool.present[0])[positions]
    for kept, of, to, asks, answers in (
        (found.ab, embedded.a.mean, embedded.b.mean, picture, np.ones(len(positions), bool)),
        (found.ba, embedded.b.mean, embedded.a.mean, np.ones(len(positions), bool), picture),
    ):
        assert len(kept) == QUERIES
        for one in kept:
            row = positions.tolist().index(int(one.query[1:]))
            assert asks[row]
            order = sorted(np.flatnonzero(answers), key=lambda other: -cosine(of[row], to[other]))
            assert one.found == pool.ids[positions[order[:BEST]]].tolist()
            mine = truth[positions[row]]
            assert one.right == [bool((mine & truth[positions[o]]).any()) for o in order[:BEST]]


def test_queries_are_the_same_whatever_the_order_of_the_pool(shown_pool: PairPool) -> None:
    truth = shown_pool.truth
    assert truth is not None
    order = np.random.default_rng(1).permutation(len(shown_pool))
    found = []
    for pool in (shown_pool, shown_pool.take(order)):
        assert pool.truth is not None
        model = LightFactory().build(pool, "cpu")
        evaluation = evaluate(model, pool, pool.test_positions, pool.truth)
        shown = shown_queries(evaluation, pool, pool.test_positions)
        found.append([one.query for one in (*shown.ab, *shown.ba)])
    assert found[0] == found[1]


def test_the_first_and_the_last_round_are_kept_also_of_a_run_that_was_extended(
    tmp_path: Path, shown_pool: PairPool
) -> None:
    run(shown_pool, out=tmp_path / "a", **LIGHT)
    longer = run(shown_pool, out=tmp_path / "a", **LIGHT | {"rounds": 4})
    at_once = run(shown_pool, out=tmp_path / "b", **LIGHT | {"rounds": 4})
    kept = [[r.round for r in own.rounds if r.retrieval] for own in (longer, at_once)]
    assert kept == [[0, 4, 0, 4]] * 2
    assert [r.retrieval for r in longer.rounds] == [r.retrieval for r in at_once.rounds]


def test_the_report_shows_searches_in_both_directions(tmp_path: Path, shown_pool: PairPool) -> None:
    results = run(shown_pool, out=tmp_path / "run", **LIGHT)
    first = results.rounds[0].retrieval
    assert first is not None
    searches = collect([tmp_path / "run"], shown_pool).runs[0].searches
    assert [each.modality for each in searches] == ["image"] * QUERIES + ["text"] * QUERIES
    assert [each.query for each in searches] == [each.query for each in (*first.ab, *first.ba)]
    for search, kept in zip(searches, (*first.ab, *first.ba), strict=True):
        assert [hit.id for hit in search.first] == kept.found
        assert [hit.right for hit in search.first] == kept.right
        assert [hit.own for hit in search.first] == [found == kept.query for found in kept.found]
        kinds = {hit.side.kind for hit in (*search.first, *search.last) if hit.side is not None}
        assert kinds == {"text" if search.modality == "image" else "image"}
    # Without the pool, ids and marks are shown all the same.
    bare = collect([tmp_path / "run"]).runs[0].searches
    assert [hit.right for each in bare for hit in each.first] == [
        right for each in (*first.ab, *first.ba) for right in each.right
    ]
    page = write_report([tmp_path / "run"], pool=shown_pool).read_text()
    assert page.count('class="search"') == 2 * QUERIES
    marks = sum(sum(each.right) for r in (0, 2) for each in _all(results, r))
    assert page.count("✓ right") == marks
    assert page.count("✗ wrong") == 4 * QUERIES * BEST - marks


def _all(results: Any, round: int) -> list[Any]:
    retrieval = results.rounds[round].retrieval
    return [*retrieval.ab, *retrieval.ba]


def test_one_round_has_nothing_to_compare(tmp_path: Path, shown_pool: PairPool) -> None:
    run(shown_pool, out=tmp_path / "run", **LIGHT | {"rounds": 0})
    assert collect([tmp_path / "run"], shown_pool).runs[0].searches == []
    assert (
        "What a search finds" not in write_report([tmp_path / "run"], pool=shown_pool).read_text()
    )
