"""Digests of a pool's content: equal for equal content, other for any other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acqkit import PairPool, load_pool
from acqkit.pool.digest import content_digests, encode
from acqkit.pool.folder import save_pool
from acqkit.testing import make_pool


def made(**more: Any) -> PairPool:
    rng = np.random.default_rng(0)
    given: dict[str, Any] = {
        "a": rng.normal(size=(500, 700)).astype(np.float32),
        "b": rng.normal(size=(500, 3)).astype(np.float32),
        "labels": np.arange(500) % 3,
        "class_names": ["x", "y", "z"],
        "ids": [f"p{i}" for i in range(500)],
        "split": ["test" if i % 4 == 0 else "train" for i in range(500)],
        "present": (np.arange(500) > 0, None),
        "cost": np.arange(500) + 1.0,
        "group": [f"g{i % 7}" for i in range(500)],
    } | more
    return PairPool.from_arrays(**given)


def test_the_same_content_has_the_same_digests_wherever_it_lies(tmp_path: Path) -> None:
    pool = made()
    wanted = content_digests(pool)
    assert set(wanted) == {
        "ids", "classes", "a", "b", "present_a", "truth", "split", "cost", "group",
    }  # fmt: skip
    assert content_digests(made()) == wanted
    save_pool(pool, tmp_path / "pool")
    stored = load_pool(tmp_path / "pool")
    assert isinstance(stored.features[0].array, np.memmap)  # type: ignore[attr-defined]
    assert content_digests(stored) == wanted
    wide = made(a=np.asarray(pool.features[0].rows(np.arange(500)), dtype=np.float64))
    assert content_digests(wide) == wanted


def changed(array: Any, row: int, value: Any) -> Any:
    copy = np.array(array)
    copy[row] = value
    return copy


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("ids", lambda p: replace(p, explicit_ids=p.ids[::-1])),
        ("classes", lambda p: replace(p, class_names=("x", "z", "y"))),
        ("present_a", lambda p: replace(p, present=(changed(p.present[0], 499, False), None))),
        ("truth", lambda p: replace(p, truth=changed(p.truth, 499, [1, 0, 0]))),
        ("split", lambda p: replace(p, test=changed(p.test, 499, True))),
        ("cost", lambda p: replace(p, cost=changed(p.cost, 499, 0.0))),
        ("group", lambda p: replace(p, group=changed(p.group, 499, "g6"))),
        ("group", lambda p: replace(p, group=None)),
    ],
)
def test_a_change_shows_in_its_own_column_alone(name: str, change: Any) -> None:
    pool = made()
    before, after = content_digests(pool), content_digests(change(pool))
    assert {key for key in before if before[key] != after.get(key)} == {name}


@pytest.mark.parametrize("row", [0, 250, 499])
def test_one_number_among_the_features_shows(row: int) -> None:
    pool = made()
    features = pool.features[0].rows(np.arange(500)).copy()
    features[row, 699] = np.nextafter(features[row, 699], np.float32(9))
    before, after = content_digests(pool), content_digests(made(a=features))
    assert {key for key in before if before[key] != after[key]} == {"a"}


def test_a_change_of_signs_alone_shows() -> None:
    pool = made()
    features = pool.features[0].rows(np.arange(500))
    before = content_digests(pool)["a"]
    halves = features.copy()
    halves[:, 1::2] *= -1
    digests = {content_digests(made(a=values))["a"] for values in (-features, halves)}
    assert len(digests | {before}) == 3


def test_features_in_another_order_show() -> None:
    pool = make_pool(60)
    order = np.random.default_rng(0).permutation(60)
    permuted = replace(pool.take(order), explicit_ids=None)
    before, after = content_digests(pool), content_digests(permuted)
    assert {key for key in before if before[key] != after[key]} >= {"a", "b", "truth"}


def test_raw_items_are_compared_by_what_they_hold() -> None:
    def pool(text: str, other: Any = 1) -> PairPool:
        items = [(f"text {i}", {"picture": np.full((2, 2), i), "other": None}) for i in range(300)]
        items[299] = (text, {"picture": np.full((2, 2), 299), "other": other})
        return PairPool.from_dataset(items, class_names=["x", "y"])

    before = content_digests(pool("text 299"))
    assert content_digests(pool("text 299")) == before
    after = content_digests(pool("text 300"))
    assert before["a"] != after["a"] and before["b"] == after["b"]
    assert content_digests(pool("text 299", 2))["b"] != before["b"]
    assert content_digests(pool("text 299", object()))["b"] is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["ab", "c"], ["a", "bc"]),
        ([1, 2], [12]),
        (1, "1"),
        (1, True),
        ("a", b"a"),
        (None, "None"),
        ([[1], 2], [1, [2]]),
        (np.zeros(4), np.zeros((2, 2))),
        (np.zeros(2, np.float32), np.zeros(1, np.float64)),
    ],
)
def test_different_values_are_different_bytes(one: Any, other: Any) -> None:
    assert encode(one) != encode(other)
