"""Small models, schedules and raw pools for the tests of models."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from acqkit.embeddings import PairEmbeddings
from acqkit.interfaces import Model
from acqkit.labels import LabelState
from acqkit.models import Supervised, TorchPairModel, TwoTower
from acqkit.pool import PairPool

QUICK = Supervised(min_steps=1, max_steps=25, batch_size=32)
SMALL = TwoTower(hidden=16, dim=6)


def hidden_truth(pool: PairPool) -> PairPool:
    """The pool as trainers see it."""
    return pool.with_labels(pool.labels)


def lacking(pool: PairPool, share: int = 4) -> PairPool:
    """The pool with a modality missing in some pairs, never both."""
    order = np.arange(len(pool))
    masks = (order % share != 0, order % share != 1)
    a, b = (source.rows(order) for source in pool.features)
    return PairPool.from_arrays(
        a,
        b,
        labels=pool.truth,
        class_names=pool.class_names,
        multilabel=pool.multilabel,
        present=masks,
    ).with_labels(pool.labels)


class Encoder(nn.Module):
    """Somebody's own encoder: starts as something that was learned elsewhere."""

    def __init__(self, width: int, dim: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.body = nn.Linear(width, dim)
        self.drop = nn.Dropout(dropout)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(width)
            self.body.reset_parameters()

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.body(self.drop(features))
        return result


def own_model(pool: PairPool, dropout: float = 0.0, **options: Any) -> TorchPairModel:
    """A model over two encoders that a user brought along."""
    assert pool.dims is not None
    return TorchPairModel(
        Encoder(pool.dims[0], 5, dropout),
        Encoder(pool.dims[1], 5, dropout),
        dim=5,
        n_classes=len(pool.class_names),
        multilabel=pool.multilabel,
        **options,
    )


def trained(pool: PairPool, seed: int = 0, trainer: Supervised = QUICK) -> TorchPairModel:
    """A small two-tower model, trained quickly."""
    model = SMALL.build(pool, "cpu")
    trainer.fit(model, hidden_truth(pool), seed)
    return model


def embedded(model: Model, pool: PairPool) -> PairEmbeddings:
    """Validated embeddings of the whole pool."""
    return model.embed(pool.batch(np.arange(len(pool)))).validate()


def difference(first: PairEmbeddings, second: PairEmbeddings) -> float:
    """Largest difference between two embeddings' means."""
    return max(
        float(np.abs(x.mean - y.mean).max()) for x, y in zip(first.sides, second.sides, strict=True)
    )


class RawItems:
    """A data set of raw pairs: an image-like array of any size, and a string."""

    def __init__(self, n: int) -> None:
        rng = np.random.default_rng(0)
        self.classes = rng.integers(2, size=n)
        self.sizes = rng.integers(3, 9, size=n)

    def __len__(self) -> int:
        return len(self.classes)

    def __getitem__(self, index: int) -> dict[str, Any]:
        kind, size = int(self.classes[index]), int(self.sizes[index])
        return {
            "image": np.full((size, size + 1), kind, dtype=np.float32),
            "text": "ab"[kind] * size,
            "label": kind,
        }


def collate_images(items: list[Any]) -> torch.Tensor:
    """Mean brightness and size of each image, `[k, 2]`."""
    return torch.tensor([[float(np.mean(item)), len(item) / 9] for item in items])


def collate_texts(items: list[Any]) -> torch.Tensor:
    """Share of the letter b and length of each text, `[k, 2]`."""
    return torch.tensor([[item.count("b") / len(item), len(item) / 9] for item in items])


def raw_pool(n: int = 60) -> PairPool:
    """A pool whose items are raw; every third pair is labeled."""
    data = RawItems(n)
    pool = PairPool.from_dataset(
        data, columns=("image", "text"), label_column="label", class_names=("dark", "light")
    )
    labeled = np.arange(0, n, 3)
    assert pool.truth is not None
    state = LabelState.empty(n, 2).with_answers(labeled, pool.truth[labeled], 0)
    return pool.with_labels(state)
