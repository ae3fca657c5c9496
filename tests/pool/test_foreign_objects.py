"""Tensors, data sets and damaged files of others at the pool's door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pool_builders import folder, npz
from torch.utils.data import Dataset, IterableDataset

from acqkit import ModalityEmbeddings, PairEmbeddings
from acqkit.campaign.embed import embed_pool
from acqkit.errors import EmbeddingError, PoolError
from acqkit.pool import PairPool
from acqkit.pool.open import open_pool

X = torch.arange(12.0).reshape(6, 2)
LABELS = ["u", "v"] * 3

TENSORS = [
    X.clone().requires_grad_(),
    X.bfloat16(),
    X.half().requires_grad_(),
    X.to(torch.float8_e4m3fn).to(torch.bfloat16).mul(0).add(X.bfloat16()),
    X.to_sparse(),
    X.to(torch.int64),
    list(X.bfloat16().requires_grad_()),
]


@pytest.mark.parametrize("values", TENSORS)
def test_tensors_are_read_as_their_numbers(values: Any) -> None:
    pool = PairPool.from_arrays(values, X, labels=LABELS, cost=X[:, 0].bfloat16())
    assert np.array_equal(pool.batch(np.arange(6)).a, X.numpy())
    assert pool.cost is not None and pool.cost.tolist() == X[:, 0].tolist()


def test_a_tensor_without_numbers_is_refused() -> None:
    with pytest.raises(PoolError, match="a cannot be read as an array"):
        PairPool.from_arrays(torch.ones(6, 2, device="meta"), X, labels=LABELS)


def test_masked_values_are_no_numbers() -> None:
    masked = np.ma.MaskedArray(X.numpy(), mask=np.arange(12).reshape(6, 2) == 7)
    with pytest.raises(PoolError, match=r"a has a masked value, .* row 3"):
        PairPool.from_arrays(masked, X, labels=LABELS)
    whole = np.ma.MaskedArray(X.numpy())
    pool = PairPool.from_arrays(whole, X, labels=LABELS)
    assert np.array_equal(pool.batch(np.arange(6)).a, X.numpy())


@pytest.mark.parametrize("column", ["cost", "group", "split", "labeled_round"])
def test_ragged_columns_are_refused(column: str) -> None:
    columns: Any = {column: [[1], [1, 2], *[[1]] * 4]}
    with pytest.raises(PoolError, match=f"{column} has rows of different lengths"):
        PairPool.from_arrays(X, X, labels=LABELS, **columns)


class Model:
    """Gives what a function makes of the inputs."""

    def __init__(self, give: Any) -> None:
        self.give = give

    def fit(self, pool: Any, seed: int) -> None: ...

    def embed(self, batch: Any) -> Any:
        a, b = (ModalityEmbeddings(self.give(torch.from_numpy(v))) for v in (batch.a, batch.b))
        return PairEmbeddings(a, b, batch.positions)


@pytest.mark.parametrize(
    "give",
    [
        lambda x: x,
        lambda x: x.requires_grad_(),
        lambda x: x.bfloat16(),
        lambda x: x.double().numpy(),
        lambda x: x.tolist(),
    ],
)
def test_a_model_may_give_tensors(give: Any) -> None:
    embedded = embed_pool(Model(give), PairPool.from_arrays(X, X, labels=LABELS))
    assert embedded.a.mean.dtype == np.float32 and np.array_equal(embedded.a.mean, X.numpy())


@pytest.mark.parametrize(
    ("give", "said"),
    [
        (lambda x: x.to("meta"), "embed of Model gave a a.mean that is no array"),
        (lambda x: "text", "a.mean of dtype"),
        (lambda x: None, "a.mean of dtype object"),
        (lambda x: x[:, 0], r"mean of shape \(6,\)|a.mean has shape"),
    ],
)
def test_what_is_no_embedding_is_refused(give: Any, said: str) -> None:
    with pytest.raises(EmbeddingError, match=said):
        embed_pool(Model(give), PairPool.from_arrays(X, X, labels=LABELS))


class Pairs(Dataset[Any]):
    classes: Any = (("tench", "Tinca tinca"), ("crane", "bird"), ("crane", "machine"))

    def __init__(self, item: Any) -> None:
        self.item = item

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> Any:
        return self.item(index)


def test_synonyms_are_one_name() -> None:
    pool = PairPool.from_dataset(Pairs(lambda i: (X[i], "t", i % 3)), label_column=2)
    assert pool.class_names == ("tench, Tinca tinca", "crane, bird", "crane, machine")


class Stream(IterableDataset[Any]):
    def __len__(self) -> int:
        return 6

    def __iter__(self) -> Any:
        return iter([(X[0], "t", 0)] * 6)


def fails(index: int) -> Any:
    if index == 4:
        raise OSError("disk gone")
    return X[index], "t"


@pytest.mark.parametrize(
    ("dataset", "options", "said"),
    [
        (Stream(), {}, "gives no items by position; wanted a map-style"),
        (Pairs(fails), {}, r"no item in row 4 .*OSError: disk gone"),
        (Pairs(lambda i: (X[i], "t") if i < 3 else (X[i],)), {"label_column": 1}, "1 in row 3"),
        (Pairs(lambda i: 7), {}, "items are int objects"),
        (Pairs(lambda i: (X[i] if i != 2 else "x", "t")), {}, "0 is .x. in row 2"),
    ],
)  # fmt: skip
def test_a_data_set_that_cannot_be_read_is_refused(dataset: Any, options: Any, said: str) -> None:
    with pytest.raises(PoolError, match=said):
        PairPool.from_dataset(dataset, class_names=["u", "v"], **options)


def test_a_transform_of_hugging_face_is_applied() -> None:
    hf: Any = pytest.importorskip("datasets", reason="the extra acqkit[dev] is missing")
    plain = hf.Dataset.from_dict({"x": X.tolist(), "y": [f"t{i}" for i in range(6)]})

    def transform(batch: Any) -> Any:
        return {
            "twice": [np.asarray(x) * 2 for x in batch["x"]],
            "upper": [y.upper() for y in batch["y"]],
        }

    pool = PairPool.from_dataset(
        plain.with_transform(transform), columns=("twice", "upper"), class_names=["u", "v"]
    )
    batch = pool.batch(np.arange(6))
    assert np.array_equal(batch.a, X.numpy() * 2) and batch.b[5] == "T5"


@pytest.mark.parametrize("build", [npz(dict), folder(dict)])
def test_a_damaged_header_is_one_sentence(build: Any, tmp_path: Path) -> None:
    build(tmp_path)
    for file in sorted(tmp_path.iterdir()):
        whole = file.read_bytes()
        rng = np.random.default_rng(len(whole))
        for at in rng.integers(0, min(128, len(whole)), size=40):
            damaged = bytearray(whole)
            damaged[at : at + 7] = b"40     "
            file.write_bytes(damaged)
            try:
                open_pool(tmp_path)
            except PoolError as error:
                assert "\n" not in str(error)
        file.write_bytes(whole)


@pytest.mark.parametrize("column", ["labels", "class_names", "ids", "split", "modality_names"])
@pytest.mark.parametrize("code", [0x110000, 0xFFFFFFFF, 0xD800])
def test_characters_that_unicode_does_not_have_are_refused(
    column: str, code: int, tmp_path: Path
) -> None:
    texts = {
        "labels": np.array(["cat", "dog", "emu"] * 4),
        "class_names": np.array(["cat", "dog", "emu"]),
        "ids": np.array([f"id{i}" for i in range(12)]),
        "split": np.array(["train"] * 12),
        "modality_names": np.array(["image", "text"]),
    }
    texts[column].view(np.uint32)[1] = code
    with pytest.raises(PoolError, match=f"{column} holds characters that are not in Unicode"):
        open_pool(npz(lambda: texts)(tmp_path))
