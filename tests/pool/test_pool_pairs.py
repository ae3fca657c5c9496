from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acqkit.errors import PoolError
from acqkit.labels import LabelState
from acqkit.pool import PairPool
from acqkit.pool.features import ArrayFeatures, FeatureSubset
from acqkit.pool.look_alikes import look_alike
from acqkit.randomness import id_keys
from acqkit.testing import make_pool

IDS = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20, unique=True),
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1,
             max_size=20, unique_by=look_alike),
    st.lists(st.tuples(st.text(max_size=3), st.integers(0, 5)), min_size=1, max_size=20,
             unique=True),
)  # fmt: skip


def small(ids: Any) -> PairPool:
    n = len(ids)
    return PairPool.from_arrays(np.ones((n, 2)), np.ones((n, 2)), ids=ids, class_names=["x", "y"])


@given(IDS, st.randoms(use_true_random=False))
def test_positions_of_ids_invert_ids(ids: list[Any], random: Any) -> None:
    pool = small(ids)
    asked = random.choices(range(len(ids)), k=7)
    assert pool.position_of([ids[i] for i in asked]).tolist() == asked
    assert pool.position_of(pool.ids).tolist() == list(range(len(ids)))
    assert pool.ids.tolist() == ids
    assert len(np.unique(pool.id_keys())) == len(ids)


@given(IDS)
def test_a_repeated_id_is_refused(ids: list[Any]) -> None:
    with pytest.raises(PoolError, match="unique"):
        small([*ids, ids[0]])


def test_different_types_stay_different_ids() -> None:
    pool = small([1, "1", (1,)])
    assert pool.position_of(["1", 1]).tolist() == [1, 0]


def test_default_ids_are_positions() -> None:
    pool = make_pool(n=9)
    assert pool.position_of([np.int64(3), 8]).tolist() == [3, 8]
    for wrong in (9, -1, "3", 2.5, None):
        with pytest.raises(PoolError, match="no pair with id"):
            pool.position_of([wrong])
    assert np.array_equal(pool.id_keys(), id_keys(np.arange(9)))


def test_take_keeps_everything_of_the_pairs() -> None:
    rng = np.random.default_rng(0)
    mask = rng.random(20) < 0.8
    pool = PairPool.from_arrays(
        rng.standard_normal((20, 3)),
        rng.standard_normal((20, 2, 2)),
        labels=rng.integers(4, size=20),
        class_names=list("klmn"),
        ids=[f"p{i}" for i in range(20)],
        split=["train"] * 15 + ["test"] * 5,
        present=(mask, None),
        cost=np.arange(20.0),
        group=np.arange(20) % 3,
        display={"text": [f"t{i}" for i in range(20)]},
        modalities=("image", "text"),
    )
    first, second = np.array([7, 3, 19, 0, 11]), np.array([4, 2, 0])
    taken, where = pool.take(first).take(second), first[second]
    assert taken.ids.tolist() == pool.ids[where].tolist()
    assert taken.position_of(["p19"]).tolist() == [1]
    assert taken.truth is not None and pool.truth is not None
    assert np.array_equal(taken.truth, pool.truth[where])
    assert taken.test is not None and taken.test.tolist() == [False, True, False]
    assert taken.train_positions.tolist() == [0, 2] and taken.test_positions.tolist() == [1]
    assert taken.cost is not None and taken.cost.tolist() == where.tolist()
    assert taken.group is not None and taken.group.tolist() == (where % 3).tolist()
    assert list(taken.display["text"]) == [f"t{i}" for i in where]
    ours, theirs = taken.batch(np.arange(3)), pool.batch(where)
    assert np.array_equal(ours.a, theirs.a) and np.array_equal(ours.b, theirs.b)
    assert ours.present_a is not None and ours.present_a.tolist() == mask[where].tolist()
    source = taken.features[0]
    assert isinstance(source, FeatureSubset) and isinstance(source.base, ArrayFeatures)


def test_taking_all_in_order_is_the_pool_itself() -> None:
    pool = make_pool(n=6)
    assert pool.take(np.arange(6)) is pool
    assert pool.take(np.arange(6)[::-1]) is not pool


def test_knowledge_replaces_truth_and_keeps_what_was_hashed() -> None:
    pool = make_pool(n=10)
    keys = pool.id_keys()
    pool.position_of([3])
    assert pool.truth is not None
    state = LabelState.empty(10, 4).with_answers(np.array([2]), pool.truth[[2]], 0)
    known = pool.with_labels(state)
    assert known.truth is None and known.labels is state
    assert known.id_keys() is keys
    assert known.swap_modalities().id_keys() is keys


def test_swapping_modalities_twice_changes_nothing() -> None:
    pool = make_pool(n=10)
    swapped = pool.swap_modalities()
    positions = np.array([4, 1])
    assert swapped.modalities == ("text", "image")
    assert np.array_equal(swapped.batch(positions).a, pool.batch(positions).b)
    assert swapped.dims is not None and swapped.dims[::-1] == pool.dims
    assert swapped.swap_modalities().features == pool.features


def test_features_of_absent_pairs_are_zeros_whatever_was_stored() -> None:
    features = np.ones((4, 2), np.float32)
    features[2] = np.nan
    mask = np.array([True, True, False, True])
    pool = PairPool.from_arrays(
        features, np.ones((4, 2)), class_names=["x", "y"], present={"a": mask}
    )
    batch = pool.batch(np.arange(4))
    assert batch.a.tolist() == [[1, 1], [1, 1], [0, 0], [1, 1]]
    assert np.isnan(features[2]).all()  # the user's own array is left alone
    assert batch.present_b is None
    with pytest.raises(PoolError, match="a has a NaN"):
        PairPool.from_arrays(features, np.ones((4, 2)), class_names=["x", "y"], present={"b": mask})


@given(st.lists(st.integers(0, 29), max_size=40))
def test_rows_are_those_asked_for(positions: list[int]) -> None:
    array = np.arange(60, dtype=np.float16).reshape(30, 2)
    rows = ArrayFeatures(array).rows(np.array(positions, dtype=np.int64))
    assert rows.dtype == np.float32
    assert np.array_equal(rows, array[np.array(positions, dtype=np.int64)])


def test_features_of_more_axes_have_no_width() -> None:
    pool = PairPool.from_arrays(
        np.zeros((3, 2, 4, 4), np.uint8), np.zeros((3, 5)), class_names=["x", "y"]
    )
    assert pool.dims is None
    batch = pool.batch(np.array([2, 0]))
    assert batch.a.shape == (2, 2, 4, 4) and batch.a.dtype == np.float32
