from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from acqkit.errors import PoolError
from acqkit.pool import PairPool

datasets: Any = pytest.importorskip("datasets", reason="the extra acqkit[dev] is missing")

N = 12
NAMES = ["cat", "dog", "emu"]


def picture(index: int) -> Image.Image:
    return Image.new("L", (4, 3), index)


def hugging_face() -> Any:
    return datasets.Dataset.from_dict(
        {
            "vector": [[float(i), 1.0] if i != 3 else None for i in range(N)],
            "image": [picture(i) for i in range(N)],
            "words": [f"text {i}" for i in range(N)],
            "label": [i % 3 for i in range(N)],
            "tags": [[i % 3, 2] for i in range(N)],
            "key": [f"k{i}" for i in range(N)],
        },
        features=datasets.Features(
            {
                "vector": datasets.List(datasets.Value("float32")),
                "image": datasets.Image(),
                "words": datasets.Value("string"),
                "label": datasets.ClassLabel(names=NAMES),
                "tags": datasets.List(datasets.ClassLabel(names=NAMES)),
                "key": datasets.Value("string"),
            }
        ),
    )


def test_a_hugging_face_data_set() -> None:
    shuffled = hugging_face().select([5, 0, 3, 8])
    pool = PairPool.from_dataset(
        shuffled, columns=("image", "words"), label_column="label", id_column="key"
    )
    assert pool.modalities == ("image", "words") and pool.class_names == ("cat", "dog", "emu")
    assert pool.ids.tolist() == ["k5", "k0", "k3", "k8"]
    assert pool.truth is not None and pool.truth.argmax(1).tolist() == [2, 0, 0, 2]
    batch = pool.batch(np.array([3, 0]))
    assert [image.getpixel((0, 0)) for image in batch.a] == [8, 5]
    assert batch.b == ["text 8", "text 5"]
    assert Image.open(io.BytesIO(pool.display["image"][0])).getpixel((0, 0)) == 5


def test_vectors_and_lists_of_classes_of_a_hugging_face_data_set() -> None:
    pool = PairPool.from_dataset(
        hugging_face(), columns=("vector", "words"), label_column="tags", modalities=("v", "w")
    )
    assert pool.multilabel and pool.class_names == ("cat", "dog", "emu")
    assert pool.truth is not None and pool.truth[1].tolist() == [0, 1, 1]
    batch = pool.batch(np.arange(N))
    assert batch.present_a is not None and np.flatnonzero(~batch.present_a).tolist() == [3]
    assert batch.a[3].tolist() == [0, 0] and batch.a[4].tolist() == [4, 1]
    assert batch.b[4] == "text 4"


def test_a_misspelled_column_is_refused() -> None:
    with pytest.raises(PoolError, match="no column 'word'; did you mean 'words'"):
        PairPool.from_dataset(hugging_face(), columns=("image", "word"), class_names=NAMES)


def test_a_mapping_of_data_sets_is_refused() -> None:
    with pytest.raises(PoolError, match=r"dataset\['train'\]"):
        PairPool.from_dataset(datasets.DatasetDict({"train": hugging_face()}), class_names=NAMES)
