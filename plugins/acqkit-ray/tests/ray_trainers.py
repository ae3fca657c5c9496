"""Raw pairs, encoders and trainers that workers import in tests of data-parallel training."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from acqkit.errors import PoolError
from acqkit.interfaces import Model, Pool
from acqkit.labels import LabelState
from acqkit.models import Supervised, SupervisedObjective, TorchPairModel, train
from acqkit.pool import PairPool


class RawPairs:
    """Brightness and size of a picture; a word."""

    def __init__(self, n: int) -> None:
        rng = np.random.default_rng(0)
        self.classes, self.sizes = rng.integers(2, size=n), rng.integers(3, 9, size=n)

    def __len__(self) -> int:
        return len(self.classes)

    def __getitem__(self, index: int) -> dict[str, Any]:
        kind, size = int(self.classes[index]), int(self.sizes[index])
        return {"image": (kind, size), "text": "ab"[kind] * size, "label": kind}


def images(items: list[Any]) -> Tensor:
    return torch.tensor([[kind, size / 9] for kind, size in items])


def texts(items: list[str]) -> Tensor:
    return torch.tensor([[item.count("b") / len(item), len(item) / 9] for item in items])


def raw_pool(n: int = 90) -> PairPool:
    pool = PairPool.from_dataset(
        RawPairs(n), columns=("image", "text"), label_column="label", class_names=("dark", "light")
    )
    labeled = np.arange(0, n, 3)
    assert pool.truth is not None
    return pool.with_labels(LabelState.empty(n, 2).with_answers(labeled, pool.truth[labeled], 0))


def raw_model() -> TorchPairModel:
    """Two small encoders, one with dropout, that start as they are given."""
    torch.manual_seed(1)
    first = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 8))
    return TorchPairModel(
        first, nn.Linear(2, 8), dim=8, n_classes=2, multilabel=False, collate=(images, texts)
    )


class Told(Supervised):
    """The reference trainer; returns the loss of each step."""

    def fit(self, model: Model, pool: Pool, seed: int) -> dict[str, Any]:  # type: ignore[override]
        losses: list[float] = []
        objective = SupervisedObjective(1.0, 2.0, 0.2)
        train(model, pool, objective, self, seed, on_step=lambda p: losses.append(float(p.loss)))
        return {"losses": losses}


class Dying(Told):
    """Worker 1 is killed in the middle of its first training, or of each."""

    marks: Path
    always: bool = False

    def fit(self, model: Model, pool: Pool, seed: int) -> dict[str, Any]:  # type: ignore[override]
        begun = len(list(self.marks.iterdir()))
        if torch.distributed.get_rank() == 1 and (self.always or not begun):
            (self.marks / str(begun)).touch()
            seen = iter(range(3))
            items = images

            def deadly(batch: list[Any]) -> Tensor:
                if next(seen, None) is None:
                    os.kill(os.getpid(), signal.SIGKILL)
                return items(batch)

            model.collate = (deadly, texts)  # type: ignore[attr-defined]
        return super().fit(model, pool, seed)


class Failing(Told):
    """Worker 1 cannot read its part of a batch."""

    def fit(self, model: Model, pool: Pool, seed: int) -> dict[str, Any]:  # type: ignore[override]
        if torch.distributed.get_rank() == 1:
            model.collate = (unreadable, texts)  # type: ignore[attr-defined]
        return super().fit(model, pool, seed)


def unreadable(items: list[Any]) -> Tensor:
    raise PoolError("a.png cannot be read")
