"""Training on raw items: read ahead, in parts, in lower precision."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import get_worker_info
from toy import Encoder, RawItems, collate_images, collate_texts, embedded, own_model, raw_pool

from acqkit.errors import PoolError
from acqkit.labels import LabelState
from acqkit.models import PairNetwork, Progress, Supervised, SupervisedObjective, TorchPairModel
from acqkit.models import train as train_network
from acqkit.pool import PairPool
from acqkit.testing import make_pool

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
FEW = Supervised(min_steps=6, max_steps=6, batch_size=16)


def noisy_images(items: list[Any]) -> Tensor:
    """Pictures with noise, as augmentation makes it."""
    return collate_images(items) + 0.1 * torch.rand(len(items), 2)


def raw_model(**options: Any) -> TorchPairModel:
    return TorchPairModel(
        Encoder(2, 4, dropout=0.2),
        Encoder(2, 4),
        dim=4,
        n_classes=2,
        multilabel=False,
        **{"collate": (collate_images, collate_texts), "initialize": drawn, **options},
    )


def drawn(encoder: nn.Module) -> None:
    """Fresh parameters, so that nothing counts as pre-trained."""
    assert isinstance(encoder, Encoder)
    encoder.body.reset_parameters()


def weights(network: PairNetwork) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def largest_difference(first: dict[str, Tensor], second: dict[str, Tensor]) -> float:
    return max(float((first[name] - second[name]).abs().max()) for name in first)


def test_the_number_of_workers_changes_no_weight() -> None:
    found = []
    for workers in (0, 2):
        model = raw_model(collate=(noisy_images, collate_texts), workers=workers)
        before = torch.get_rng_state()
        FEW.fit(model, lacking_raw(), 3)
        assert torch.equal(before, torch.get_rng_state())
        found.append(weights(model))
    assert largest_difference(*found) == 0


def lacking_raw() -> PairPool:
    """Raw pairs some of which lack a modality."""
    pool = raw_pool()
    order = np.arange(len(pool))
    return replace(pool, present=(order % 7 != 1, order % 5 != 2))


class Broken(RawItems):
    """One item cannot be read."""

    def __getitem__(self, index: int) -> dict[str, Any]:
        return super().__getitem__(index) | ({"image": None} if index == 41 else {})


def test_what_a_worker_cannot_read_is_said_in_one_sentence() -> None:
    pool = PairPool.from_dataset(
        Broken(60), columns=("image", "text"), class_names=("dark", "light"), multilabel=False
    )
    for workers in (0, 1):
        with pytest.raises(PoolError, match=r"^the data set has no 'image' in [^\n]*$"):
            FEW.fit(raw_model(workers=workers), pool, 0)


def ends_its_process(items: list[Any]) -> Tensor:
    if get_worker_info() is not None:
        os._exit(9)
    return collate_texts(items)


def test_a_worker_that_was_ended_is_said_in_one_sentence() -> None:
    model = raw_model(collate=(collate_images, ends_its_process), workers=1)
    with pytest.raises(PoolError, match=r"^one of the 1 processes that read pairs was ended"):
        FEW.fit(model, raw_pool(), 0)


def classifying(**options: Any) -> Supervised:
    """A loss that is a mean over labeled pairs."""
    fixed = {"min_steps": 4, "max_steps": 4, "batch_size": 32, "contrastive_weight": 0}
    return Supervised(**(fixed | options))


@pytest.mark.parametrize("labeled", [24, 3])
def test_parts_of_a_step_make_the_gradient_of_the_whole(labeled: int) -> None:
    pool = make_pool(70, 3, labeled=labeled)
    found = []
    for parts in (1, 4):
        model = own_model(pool)
        gradients = {name: torch.zeros_like(value) for name, value in model.named_parameters()}
        for name, parameter in model.named_parameters():
            parameter.register_hook(gradients[name].add_)  # type: ignore[no-untyped-call]
        one_step = classifying(accumulate=parts, min_steps=1, max_steps=1)
        one_step.fit(model, pool.with_labels(pool.labels), 1)
        found.append(gradients)
    assert largest_difference(*found) < 1e-6
    assert float(found[0]["class_weight"].abs().max()) > 1e-2


def test_negatives_of_a_contrastive_loss_are_those_of_each_part() -> None:
    pool = make_pool(70, 3)
    found = []
    for parts in (1, 4):
        model, seen = own_model(pool), list[Progress]()
        trainer = classifying(accumulate=parts)
        train_network(model, pool, SupervisedObjective(0, 1, 1), trainer, 1, on_step=seen.append)
        assert [progress.step for progress in seen] == [1, 2, 3, 4]
        found.append(float(seen[0].loss))
    # Chance is the logarithm of how many a partner is told from: 32, then 8.
    assert found[0] - found[1] == pytest.approx(np.log(4), abs=0.2)


def test_more_parts_than_pairs_are_as_many_as_there_are_pairs() -> None:
    pool = make_pool(3, 3, labeled=1)
    embedded_pool = pool.with_labels(pool.labels)
    model = own_model(pool)
    classifying(accumulate=8).fit(model, embedded_pool, 0)
    embedded(model, embedded_pool)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_lower_precision_learns_the_same(precision: Any, device: str) -> None:
    pool = raw_pool()
    kinds = np.array([item.count("b") > 0 for item in pool.batch(np.arange(60)).b])
    longer = Supervised(min_steps=60, max_steps=60, batch_size=32, learning_rate=0.02)
    found = []
    for each in ("float32", precision):
        model = raw_model(device=device)
        longer.model_copy(update={"precision": each}).fit(model, pool, 0)
        assert {value.dtype for value in model.parameters()} == {torch.float32}
        assert model.autocast is None
        found.append(weights(model))
        assert ((embedded(model, pool).unified_probabilities()[:, 1] > 0.5) == kinds).all()
    assert 0 < largest_difference(*found) < 1


class Typed(Encoder):
    """Notes in which number format it computes."""

    seen: ClassVar[set[torch.dtype]] = set()

    def forward(self, features: Tensor) -> Tensor:
        output = super().forward(features)
        self.seen.add(output.dtype)
        return output


def test_encoders_compute_in_the_precision_during_training_alone() -> None:
    pool = make_pool(40, 3, labeled=9)
    model = TorchPairModel(Typed(8, 4), Typed(6, 4), dim=4, n_classes=3, multilabel=False)
    Typed.seen.clear()
    classifying(precision="bfloat16").fit(model, pool.with_labels(pool.labels), 0)
    assert Typed.seen == {torch.bfloat16}
    Typed.seen.clear()
    embedded(model, pool)
    assert Typed.seen == {torch.float32}


def test_a_training_says_in_the_log_how_it_goes(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Progress] = []
    with caplog.at_level(logging.INFO, logger="acqkit.models"):
        train_network(
            raw_model(), raw_pool(), SupervisedObjective(1, 1, 1), FEW, 0, on_step=seen.append
        )
    first, last = caplog.messages
    assert first == (
        "training on 60 pairs in 6 steps on cpu; parameters by learning rate: 24 at 0.003, "
        "10 at 0.003"
    )
    assert last.startswith("step 6 of 6, loss ") and last.endswith("waiting for pairs")
    assert 0 < seen[-1].waited < seen[-1].seconds


def test_a_pool_without_labels_is_read_ahead_too() -> None:
    pool = raw_pool()
    unlabeled = pool.with_labels(LabelState.empty(len(pool), 2))
    FEW.fit(raw_model(workers=1), unlabeled, 0)
