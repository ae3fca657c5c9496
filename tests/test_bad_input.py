from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pool_builders import Builder, N, folder, good_arrays, npz, parquet

from acqkit.errors import PoolError
from acqkit.pool import PairPool
from acqkit.pool.open import open_pool
from bad_pools import BAD_POOLS, TABLE


def assert_one_sentence(message: str, fragments: tuple[str, ...]) -> None:
    assert "\n" not in message
    assert len(message) < 400
    for fragment in fragments:
        assert fragment in message


@pytest.mark.parametrize(("name", "build", "fragments"), TABLE, ids=[row[0] for row in TABLE])
def test_a_bad_file_gives_one_sentence(
    name: str, build: Builder, fragments: tuple[str, ...], tmp_path: Path
) -> None:
    path = build(tmp_path)
    with pytest.raises(PoolError) as caught:
        open_pool(path)
    assert_one_sentence(str(caught.value), fragments)
    assert caught.value.__cause__ is None  # nothing to print but the sentence


def test_there_are_forty_kinds() -> None:
    assert len({name for name, _ in BAD_POOLS}) == len(TABLE) >= 40


@pytest.mark.parametrize("build", [npz(dict), folder(dict), parquet(dict)])
def test_what_the_bad_pools_start_from_is_good(build: Builder, tmp_path: Path) -> None:
    assert len(open_pool(build(tmp_path))) == N


@pytest.mark.parametrize(
    ("build", "file"),
    [
        (npz(dict), "pool.npz"),
        (folder(dict), "modality_a.npy"),
        (folder(dict), "labels.npy"),
        (parquet(dict), "pool.parquet"),
    ],
)
def test_any_damage_is_refused_or_harmless(build: Builder, file: str, tmp_path: Path) -> None:
    build(tmp_path)
    data = (tmp_path / file).read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(100):
        damaged = np.frombuffer(data, np.uint8).copy()
        damaged[rng.integers(len(data), size=3)] = rng.integers(256, size=3)
        cut = rng.integers(len(data) // 2, 2 * len(data))
        (tmp_path / file).write_bytes(damaged[:cut].tobytes())
        try:
            open_pool(tmp_path)
        except PoolError as error:
            assert_one_sentence(str(error), (file,))
            refused += 1
    assert refused > 20


def arrays(**changes: Any) -> Callable[[], PairPool]:
    good = good_arrays()
    fields = {"labels": good["labels"], "class_names": list(good["class_names"])} | changes
    a, b = fields.pop("a", good["modality_a"]), fields.pop("b", good["modality_b"])
    return lambda: PairPool.from_arrays(a, b, **fields)


IN_MEMORY: list[tuple[Callable[[], PairPool], tuple[str, ...]]] = [
    (arrays(b=np.ones((5, 2))), ("b has 5 rows", "a has 12")),
    (arrays(a=[[1.0, 2.0], [1.0]]), ("a has rows of different lengths",)),
    (arrays(a=np.ones((N, 2), dtype=object)), ("a has dtype object",)),
    (arrays(source="x.npz", a=np.full((N, 2), np.nan)), ("x.npz: a", "row 0")),
    (arrays(modalities=("image",)), ("modalities", "two different names")),
    (arrays(modalities="ab"), ("modalities", "two different names")),
    (arrays(modalities=("image", "text"), present={"txt": None}), ("'txt'", "'text'")),
    (arrays(present=(None,)), ("present", "two masks")),
    (arrays(labels=[["cat"]] * 11 + [["cat", "owl"]]), ("labels", "'owl'", "row 11")),
    (arrays(labels=[["cat"]] * 11 + [7]), ("labels is 7", "row 11")),
    (arrays(labels=[["cat"]] * 11 + [None]), ("labels is None", "row 11", "labeled_round")),
    (arrays(labels=[["cat", "dog"], *[["cat"]] * 11], multilabel=False), ("2 labels", "row 0")),
    (arrays(labels=[[1, 0, 0]] * 11 + [[1, 0]]), ("labels", "different lengths")),
    (arrays(labels=[True, False] * 6), ("labels is True", "row 0")),
    (arrays(labels="cat"), ("labels is 'cat'", "12 rows")),
    (arrays(labels=np.full((N, 2), "cat")), ("labels", "(12, 2)")),
    (arrays(labels=np.array([0, 10**9] * 6), class_names=None), ("labels", "1000000000")),
    (arrays(class_names="cat"), ("class_names is 'cat'",)),
    (arrays(ids=[1, "1", None, *range(4, 13)]), ("ids is None", "row 2")),
    (arrays(ids=[("x", 1), ("x", 1), *range(10)]), ("ids is ('x', 1)", "row 1", "row 0")),
    (arrays(ids=[[1]] * N), ("ids is [1]", "row 0")),
    (arrays(ids=5), ("ids is 5", "12 rows")),
    (arrays(ids=np.ones((N, 1))), ("ids", "(12, 1)")),
    (arrays(labels=["cat"] * 11 + ["a long story\n" * 99]), ("unknown class", "row 11")),
    (arrays(labels=[["cat"]] * 11 + [[["deep"] * 500]]), ("labels is [[", "row 11")),
    (arrays(split="train"), ("split is 'train'", "12 rows")),
    (arrays(split=np.zeros(N, bool)), ("split", "row 0", "'train' or 'test'")),
    (arrays(cost=np.full(N, np.inf)), ("cost is inf", "row 0")),
    (arrays(display=["x"] * N), ("display", "mapping")),
    (arrays(display={"image": ["x"]}), ("display column 'image'", "1 rows")),
    (arrays(display={"image": 3}), ("display column 'image'",)),
    (arrays(labels=[0, 1] * 5 + [-1, -1], labeled_round=[0] * 10 + [0, -1]),
     ("labels is -1", "row 10")),
    (arrays(labels=[0] * 5 + [-1] * 7, labeled_round=[-1] * N),
     ("labels has no label in row 5", "of all pairs or of none")),
]  # fmt: skip


@pytest.mark.parametrize(("make", "fragments"), IN_MEMORY)
def test_bad_arrays_give_one_sentence(
    make: Callable[[], PairPool], fragments: tuple[str, ...]
) -> None:
    with pytest.raises(PoolError) as caught:
        make()
    assert_one_sentence(str(caught.value), fragments)


def test_an_unknown_option_is_refused(tmp_path: Path) -> None:
    path = npz(dict)(tmp_path)
    with pytest.raises(PoolError, match="unknown option 'columns'"):
        open_pool(path, columns=("a", "b"))


def test_a_near_name_is_offered(tmp_path: Path) -> None:
    npz(dict)(tmp_path)
    with pytest.raises(PoolError, match=r"did you mean .*pool\.npz"):
        open_pool(tmp_path / "pol.npz")
