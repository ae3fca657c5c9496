"""What was learned elsewhere: learned slowly, or not at all."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from toy import (
    QUICK,
    Encoder,
    collate_images,
    collate_texts,
    difference,
    embedded,
    hidden_truth,
    lacking,
    own_model,
    raw_pool,
)

from acqkit.models import TorchPairModel, Tower
from acqkit.models.schedule import optimizer_of
from acqkit.pool import PairPool
from acqkit.testing import make_pool


class Body(nn.Module):
    """A pre-trained body that counts what it encodes in a training."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer, self.norm = Encoder(width, 7, dropout=0.5), nn.BatchNorm1d(7)
        self.encoded = 0

    def forward(self, features: Tensor) -> Tensor:
        self.encoded += len(features)
        output: Tensor = self.norm(self.layer(features))
        return output


def bodies_of(model: TorchPairModel) -> list[Body]:
    return [cast(Body, encoder.body) for encoder in model.encoders]


def towers(widths: tuple[int, int], *, frozen: bool, **options: Any) -> TorchPairModel:
    a, b = (Tower(Body(width), Encoder(7, 5, 0.3), frozen=frozen) for width in widths)
    return TorchPairModel(a, b, dim=5, **({"n_classes": 3, "multilabel": False} | options))


def test_bodies_learn_at_their_own_rate() -> None:
    pool = make_pool(60, 3, labeled=20)
    model = towers((8, 6), frozen=False)
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    QUICK.fit(model, hidden_truth(pool), 0)
    moved = {
        name: float((value.detach() - before[name]).abs().max())
        for name, value in model.named_parameters()
    }
    # A step of AdamW is about as long as the rate.
    assert all(0 < moved[name] < 25 * 2e-5 for name in moved if ".body.layer." in name)
    assert all(moved[name] > 1e-3 for name in moved if name.endswith("head.body.weight"))


def test_which_parameters_count_as_learned_elsewhere() -> None:
    raw = {"collate": (collate_images, collate_texts), "dim": 4}
    shape: dict[str, Any] = {"n_classes": 2, "multilabel": False} | raw
    as_given = TorchPairModel(Encoder(2, 4), Encoder(2, 4), **shape)
    drawn = TorchPairModel(Encoder(2, 4), Encoder(2, 4), initialize=lambda _: None, **shape)
    assert len(as_given.pretrained_parameters()) == 4
    assert not drawn.pretrained_parameters() and not own_model(make_pool()).pretrained_parameters()
    model = towers((2, 2), frozen=False, initialize=lambda _: None)
    assert len(model.pretrained_parameters()) == 8
    rates = [group["highest"] for group in optimizer_of(model, QUICK).param_groups]
    assert rates == [QUICK.learning_rate] * 2 + [QUICK.encoder_rate] * 2
    assert len(optimizer_of(towers((2, 2), frozen=True), QUICK).param_groups) == 2


def test_every_training_starts_from_the_body_that_was_given() -> None:
    def draw(head: nn.Module) -> None:
        assert isinstance(head, Encoder)
        head.body.reset_parameters()

    pool = make_pool(60, 3, labeled=20)
    model = towers((8, 6), frozen=False, initialize=draw)
    body = {
        name: value.clone() for name, value in model.state_dict().items() if "s.0.body.l" in name
    }
    QUICK.fit(model, hidden_truth(pool), 0)
    heads = []
    for seed in (1, 2):
        model.reset(seed)
        state = model.state_dict()
        assert all(torch.equal(state[name], value) for name, value in body.items())
        heads.append(state["encoders.0.head.body.weight"].clone())
    assert not torch.equal(*heads)


@pytest.mark.parametrize("missing", [False, True])
def test_a_frozen_body_is_asked_once_for_each_pair(missing: bool) -> None:
    """The oracle: the same heads, trained on a pool of what the bodies give."""
    pool = lacking(make_pool(60, 3, labeled=20)) if missing else make_pool(60, 3, labeled=20)
    pool = hidden_truth(pool)
    model = towers((8, 6), frozen=True)
    state = {name: value.clone() for name, value in model.state_dict().items() if "norm" in name}
    QUICK.fit(model, pool, 4)
    present = [60 if mask is None else int(mask.sum()) for mask in pool.present]
    bodies = bodies_of(model)
    assert [body.encoded for body in bodies] == present
    assert all(torch.equal(model.state_dict()[name], value) for name, value in state.items())
    features = [
        body(torch.from_numpy(source.rows(np.arange(60)))).detach().numpy()
        for body, source in zip(bodies, pool.features, strict=True)
    ]
    given = PairPool.from_arrays(
        *features, class_names=pool.class_names, multilabel=False, present=pool.present
    ).with_labels(pool.labels)
    heads = TorchPairModel(
        Encoder(7, 5, 0.3), Encoder(7, 5, 0.3), dim=5, n_classes=3, multilabel=False
    )
    QUICK.fit(heads, given, 4)
    assert difference(embedded(model, pool), embedded(heads, given)) < 1e-5


@pytest.mark.parametrize("workers", [0, 1])
def test_frozen_bodies_of_raw_items_are_fed_once(workers: int) -> None:
    pool = raw_pool()
    collated: list[int] = []

    def counted(items: list[Any]) -> Tensor:
        collated.append(len(items))
        return collate_images(items)

    model = towers(
        (2, 2), frozen=True, n_classes=2, collate=(counted, collate_texts), workers=workers
    )
    QUICK.fit(model, pool, 0)
    assert sum(collated) == (0 if workers else 60)  # counted where they are read
    assert [body.encoded for body in bodies_of(model)] == [60, 60]


def test_one_frozen_body_beside_one_that_learns() -> None:
    pool = make_pool(60, 3, labeled=20)
    a, b = Tower(Body(8), Encoder(7, 5), frozen=True), Encoder(6, 5)
    model = TorchPairModel(a, b, dim=5, n_classes=3, multilabel=False)
    QUICK.fit(model, hidden_truth(pool), 0)
    assert cast(Body, a.body).encoded == 60
    embedded(model, pool)
