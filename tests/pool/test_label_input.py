from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from acqkit.errors import PoolError
from acqkit.pool import PairPool

pd: Any = pytest.importorskip("pandas", reason="the extra acqkit[dev] is missing")

NAMES = ["cat", "dog", "emu"]
TRUTH = np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]], np.uint8)
MULTI = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 0], [1, 0, 1]], np.uint8)


def pool(labels: Any, **fields: Any) -> PairPool:
    n = len(labels)
    return PairPool.from_arrays(np.ones((n, 2)), np.ones((n, 3)), labels=labels, **fields)


@pytest.mark.parametrize(
    "labels",
    [
        TRUTH,
        TRUTH.astype(bool),
        TRUTH.astype(np.int64),
        TRUTH.astype(np.float32),
        TRUTH.tolist(),
        torch.tensor(TRUTH),
        np.array([0, 2, 1, 0]),
        [0, 2, 1, 0],
        torch.tensor([0, 2, 1, 0]),
        ["cat", "emu", "dog", "cat"],
        np.array(["cat", "emu", "dog", "cat"]),
        np.array([b"cat", b"emu", b"dog", b"cat"]),
        np.array(["cat", "emu", "dog", "cat"], dtype=object),
        pa.array(["cat", "emu", "dog", "cat"]),
        pa.array(["cat", "emu", "dog", "cat"]).dictionary_encode(),
        pd.Categorical(["cat", "emu", "dog", "cat"], categories=NAMES),
        pd.Series(["cat", "emu", "dog", "cat"], dtype="category"),
        torch.tensor(TRUTH).bfloat16().requires_grad_(),
    ],
)
def test_every_form_of_single_labels_gives_one_matrix(labels: Any) -> None:
    made = pool(labels, class_names=NAMES)
    assert made.truth is not None
    assert made.truth.dtype == np.uint8 and np.array_equal(made.truth, TRUTH)
    assert made.multilabel is False
    assert made.class_names == ("cat", "dog", "emu")


@pytest.mark.parametrize(
    "labels",
    [
        MULTI,
        [["cat", "dog"], [], ["dog"], ["emu", "cat"]],
        [{"cat", "dog"}, frozenset(), np.array(["dog"]), ("cat", "emu")],
    ],
)
def test_every_form_of_multi_labels_gives_one_matrix(labels: Any) -> None:
    made = pool(labels, class_names=NAMES)
    assert np.array_equal(made.truth, MULTI)  # type: ignore[arg-type]
    assert made.multilabel is True


def test_class_names_are_inferred() -> None:
    assert pool(["b", "a"]).class_names == ("a", "b")
    assert pool([["b"], ["a", "c"]]).class_names == ("a", "b", "c")
    assert pool([0, 2]).class_names == ("0", "1", "2")
    assert pool(TRUTH).class_names == ("0", "1", "2")


def test_multilabel_can_be_said() -> None:
    assert pool(TRUTH, multilabel=True).multilabel is True
    assert pool(["x", "y"], multilabel=True).multilabel is True


def test_a_campaign_knows_no_truth() -> None:
    made = PairPool.from_arrays(np.ones((3, 1)), np.ones((3, 1)), class_names=NAMES)
    assert made.truth is None and made.known is None
    assert made.labels.unlabeled.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("labels", "multilabel"),
    [
        (["cat", None, "", "dog"], False),
        (pd.Categorical(["cat", None, None, "dog"], categories=NAMES), False),
        ([["cat"], None, [], ["dog"]], True),
        ([0, -1, -1, 1], False),
        ([[1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 1, 0]], None),
    ],
)
def test_labels_known_before_the_campaign(labels: Any, multilabel: bool | None) -> None:
    said = {"multilabel": False} if multilabel is None else {}
    made = pool(labels, class_names=NAMES, labeled_round=[0, -1, -2, 3], **said)
    assert made.truth is None and made.multilabel is bool(multilabel)
    assert made.labels.round.tolist() == [0, -1, -2, 3]
    assert made.labels.matrix.tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 1, 0]]


def test_labels_of_pairs_not_yet_labeled_are_the_truth() -> None:
    made = pool(TRUTH, labeled_round=[0, -1, -1, -1])
    assert np.array_equal(made.truth, TRUTH)  # type: ignore[arg-type]
    assert made.labels.labeled.tolist() == [0]
    assert made.labels.matrix.sum() == 1


def test_test_pairs_alone_make_no_truth() -> None:
    split = ["train", "train", "train", "test"]
    made = pool([0, -1, -1, 1], labeled_round=[0, -1, -1, -1], split=split)
    assert made.truth is None
    assert made.labels.labeled.tolist() == [0]


def test_unlabeled_test_pairs_alone_make_a_pool_partly_labeled() -> None:
    split, rounds = ["train", "train", "test", "test"], [0, 0, 0, -1]
    for labels, several in (([0, 1, 0, -1], False), ([["cat"], ["dog"], [], []], True)):
        made = pool(labels, class_names=NAMES, labeled_round=rounds, split=split)
        assert made.truth is None and made.multilabel is several
        assert made.labels.labeled.tolist() == [0, 1, 2]


@given(st.lists(st.sets(st.sampled_from(NAMES)), min_size=1))
def test_collections_of_names_are_multi_label_whatever_the_rows_say(rows: list[set[str]]) -> None:
    made = pool(rows, class_names=NAMES)
    assert made.multilabel
    assert made.truth is not None
    assert [{NAMES[c] for c in np.flatnonzero(row)} for row in made.truth] == rows


def test_declared_classes_are_kept_in_their_order_used_or_not() -> None:
    declared = ["emu", "cat", "dog"]
    arrow = pa.DictionaryArray.from_arrays(pa.array([1, None], pa.int8()), pa.array(declared))
    for labels in (pd.Categorical(["cat", None], categories=declared), arrow):
        assert pool(labels, labeled_round=[0, -1]).class_names == ("emu", "cat", "dog")


def test_rows_of_the_first_labels_do_not_decide_whether_there_are_several_a_pair() -> None:
    first = [[1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 1, 0]]
    with pytest.raises(PoolError, match="multilabel is not given"):
        pool(first, labeled_round=[0, -1, -1, 0])
    assert pool(first, labeled_round=[0, -1, -1, 0], multilabel=True).multilabel
    assert pool([[1, 1, 0], *first[1:]], labeled_round=[0, -1, -1, 0]).multilabel
    assert not pool(TRUTH, labeled_round=[0, -1, -1, 0]).multilabel  # the truth of all is there
