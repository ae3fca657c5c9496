from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, IterableDataset, TensorDataset

from acqkit.errors import PoolError
from acqkit.pool import PairPool

N = 12
NAMES = ["cat", "dog", "emu"]


class Pairs(Dataset[Any]):
    """Items made by a function; remembers which were read."""

    def __init__(self, item: Callable[[int], Any], n: int = N) -> None:
        self.item, self.n = item, n
        self.read: list[int] = []

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int) -> Any:
        assert type(index) is int
        self.read.append(index)
        return self.item(index)


def picture(index: int) -> Image.Image:
    return Image.new("L", (4, 3), index)


def test_raw_items_are_read_when_asked_for_and_once_for_both() -> None:
    dataset = Pairs(lambda i: (picture(i), f"text {i}"))
    pool = PairPool.from_dataset(dataset, class_names=NAMES, modalities=("image", "text"))
    assert set(dataset.read) == {0}
    assert len(pool) == N and pool.dims is None and pool.modalities == ("image", "text")
    dataset.read.clear()
    positions = np.array([7, 2, 9])
    batch = pool.batch(positions)
    assert dataset.read == [7, 2, 9]
    assert [image.getpixel((0, 0)) for image in batch.a] == [7, 2, 9]
    assert batch.b == ["text 7", "text 2", "text 9"]
    assert pool.take(positions).batch(np.array([1])).b == ["text 2"]


def test_raw_items_are_what_people_look_at() -> None:
    dataset = Pairs(lambda i: {"photo": picture(i), "words": f"text {i}"})
    pool = PairPool.from_dataset(dataset, columns=("photo", "words"), class_names=NAMES)
    assert list(pool.display) == ["photo", "words"]
    shown = Image.open(io.BytesIO(pool.display["photo"][5]))
    assert shown.getpixel((0, 0)) == 5
    assert pool.display["words"][-1] == f"text {N - 1}"


def test_labels_and_ids_of_a_torch_data_set() -> None:
    dataset = Pairs(lambda i: (f"a{i}", f"b{i}", torch.tensor(i % 3), f"id{i}"))
    pool = PairPool.from_dataset(
        dataset, label_column=2, id_column=3, class_names=NAMES, split=["train"] * 9 + ["test"] * 3
    )
    assert pool.truth is not None and pool.truth.argmax(1).tolist() == [i % 3 for i in range(N)]
    assert not pool.multilabel and pool.ids[4] == "id4"
    assert len(pool.test_positions) == 3
    assert sorted(set(dataset.read)) == list(range(N))


def test_vectors_become_arrays() -> None:
    a, b = torch.arange(N * 2.0).reshape(N, 2), torch.ones(N, 3)
    pool = PairPool.from_dataset(
        TensorDataset(a, b, torch.arange(N) % 2), label_column=2, modalities=("x", "y")
    )
    assert pool.dims == (2, 3) and pool.class_names == ("0", "1")
    assert np.array_equal(pool.batch(np.arange(N)).a, a.numpy())
    assert pool.display == {}


def test_a_missing_raw_item_must_be_said_to_be_missing() -> None:
    dataset = Pairs(lambda i: (f"a{i}", None if i == 4 else f"b{i}"))
    pool = PairPool.from_dataset(dataset, class_names=NAMES)
    with pytest.raises(PoolError, match="no 1 in row 4"):
        pool.batch(np.arange(N))
    mask = np.arange(N) != 4
    pool = PairPool.from_dataset(dataset, class_names=NAMES, present=(None, mask))
    assert pool.batch(np.arange(N)).b[4] is None


@pytest.mark.parametrize(
    ("dataset", "options", "fragments"),
    [
        (Pairs(lambda i: ("x", "y")), {"columns": (0, 2)}, ["no part 2", "known: [0, 1]"]),
        (Pairs(lambda i: {"image": 1, "text": 2}), {"columns": ("image", "txt")},
         ["no part 'txt'", "did you mean 'text'"]),
        (Pairs(lambda i: ("x", "y"), n=0), {}, ["no items"]),
        (Pairs(lambda i: ("x", None)), {}, ["no 1 in any row"]),
        (Pairs(lambda i: (np.ones(2 + (i == 5)), "y")), {}, ["(3,) in row 5", "wanted (2,)"]),
        (Pairs(lambda i: (np.ones(2) if i else None, "y")),
         {"present": (np.ones(N, bool), None)}, ["missing in row 0", "`present`"]),
        (Pairs(lambda i: (np.full(2, np.nan), "y")), {}, ["0 has a NaN", "row 0"]),
        (Pairs(lambda i: ("x", "y", i)), {"label_column": 2}, ["2 is 3 in row 3", "0 to 2"]),
        (Pairs(lambda i: ("x", "y", "same")), {"id_column": 2}, ["'same'", "unique"]),
    ],
)  # fmt: skip
def test_a_bad_data_set_gives_one_sentence(
    dataset: Any, options: dict[str, Any], fragments: list[str]
) -> None:
    with pytest.raises(PoolError) as caught:
        PairPool.from_dataset(dataset, class_names=NAMES, **options)
    for fragment in fragments:
        assert fragment in str(caught.value)


def test_a_stream_is_no_pool() -> None:
    class Stream(IterableDataset[Any]):
        def __iter__(self) -> Any:
            return iter([("x", "y")])

    with pytest.raises(PoolError, match="map-style"):
        PairPool.from_dataset(Stream(), class_names=NAMES)
