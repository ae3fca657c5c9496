"""Two processes that train one network together do what one process does, to rounding."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn
from toy import Encoder, collate_images, collate_texts, raw_pool

from acqkit.errors import ConfigError
from acqkit.models import (
    Outputs,
    Schedule,
    SupervisedObjective,
    TorchPairModel,
    Tower,
    classification_of,
    data_parallel,
    pairing_loss,
    train,
)
from acqkit.models.parallel import forward_of
from acqkit.pool import PairPool

# torch's DistributedDataParallel imports a compiler first, in every process.
pytestmark = pytest.mark.net
ROWS = np.arange(5, 48)
"""43 pairs, so that two processes have not the same number."""


def lacking_raw() -> PairPool:
    """Raw pairs some of which lack a modality; the last ones of `ROWS` all lack the first."""
    pool = raw_pool()
    order = np.arange(len(pool))
    return replace(pool, present=((order % 7 != 1) & (order < 26), (order % 5 != 2) | (order > 25)))


def model_of(first: nn.Module | None = None) -> TorchPairModel:
    """Two encoders; by default the first has dropout, and a parameter that is never used."""
    if first is None:
        first = Encoder(2, 4, dropout=0.3)
        first.register_parameter("unused", nn.Parameter(torch.ones(3)))
    return TorchPairModel(
        first, Encoder(2, 4), dim=4, n_classes=2, multilabel=False,
        collate=(collate_images, collate_texts),
    )  # fmt: skip


def loss_of(outputs: Outputs, labels: Tensor) -> Tensor:
    """A loss of all pairs, to which features and classifier both count."""
    pairing = pairing_loss(*outputs.paired_means(), 0.2)
    return pairing + classification_of(outputs, labels, multilabel=False)


def gradients(classes: bool) -> list[Tensor | None]:
    """Of one batch of `ROWS`, by parameter."""
    model, pool = model_of(), lacking_raw()
    if classes:
        model.expect_classes(np.array([0.4, 0.6], np.float32))
        with torch.no_grad():
            model.class_weight.copy_(torch.linspace(-1, 1, 8).view(2, 4))
    model.encoders.train()
    forward = forward_of(model)
    outputs = forward.outputs(pool.batch(forward.own(ROWS)), ROWS)
    labels = torch.eye(2)[ROWS % 2]
    loss = loss_of(outputs, labels) if classes else pairing_loss(*outputs.paired_means(), 0.2)
    loss.backward()  # type: ignore[no-untyped-call]
    forward.before_step()
    forward.close()
    return [parameter.grad for parameter in model.parameters()]


def learned(accumulate: int) -> tuple[dict[str, Tensor], list[float]]:
    """Weights and losses of a training."""
    model, losses = model_of(), list[float]()
    schedule = Schedule(
        min_steps=6, max_steps=6, batch_size=15, accumulate=accumulate, encoder_rate=3e-3
    )
    objective = SupervisedObjective(1.0, 2.0, 0.2)
    seen = lambda progress: losses.append(float(progress.loss))  # noqa: E731
    train(model, lacking_raw(), objective, schedule, 3, on_step=seen)
    return model.state_dict(), losses


def with_a_frozen_body() -> tuple[dict[str, Tensor], int]:
    """Weights of a training on features that are computed once, and how many were."""
    body, calls = nn.Linear(2, 6, bias=False), list[int]()
    nn.init.constant_(body.weight, 0.3)
    body.register_forward_hook(lambda layer, inputs, output: calls.append(len(output)))
    head = nn.Linear(6, 4, bias=False)
    nn.init.eye_(head.weight)
    model = model_of(first=Tower(body, head, frozen=True))
    schedule = Schedule(min_steps=6, max_steps=6, batch_size=15)
    train(model, lacking_raw(), SupervisedObjective(1.0, 2.0, 0.2), schedule, 3)
    return model.state_dict(), sum(calls)


def everything() -> dict[str, Any]:
    """What one process finds, alone or as one of several."""
    torch.manual_seed(5)  # of the dropout of `gradients`
    return {
        "gradients": gradients(classes=True),
        "without classes": gradients(classes=False),
        "learned": learned(1),
        "in parts": learned(3),
        "frozen": with_a_frozen_body(),
    }


@contextmanager
def group(folder: Path, rank: int, count: int) -> Iterator[None]:
    place = f"file://{folder / 'store'}"
    dist.init_process_group("gloo", init_method=place, rank=rank, world_size=count)
    try:
        with data_parallel():
            yield
    finally:
        dist.destroy_process_group()


def one_of(task: Callable[[], Any], folder: Path, rank: int, count: int) -> None:
    torch.set_num_threads(1)
    with group(folder, rank, count):
        torch.save(task(), folder / f"{rank}.pt")


def by_two(task: Callable[[], Any], folder: Path) -> list[Any]:
    """What each of two processes finds, forked so that nothing is imported again."""
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=one_of, args=(task, folder, rank, 2)) for rank in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    return [torch.load(folder / f"{rank}.pt") for rank in (0, 1)]


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    alone = everything()
    both = by_two(everything, tmp_path)
    counted = [found.pop("frozen") for found in (*both, alone)]
    assert counted[0][1] + counted[1][1] == counted[2][1] == 22  # of pairs that have the modality
    torch.testing.assert_close(counted[0][0], counted[2][0], rtol=0, atol=1e-5)
    torch.testing.assert_close(both[0], both[1], rtol=0, atol=0)
    for case in ("gradients", "without classes"):
        for ours, theirs in zip(both[0][case], alone[case], strict=True):
            assert (ours is None) is (theirs is None)
            if theirs is not None:
                torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    for case in ("learned", "in parts"):
        torch.testing.assert_close(both[0][case][0], alone[case][0], rtol=0, atol=1e-5)
        assert both[0][case][1] == pytest.approx(alone[case][1], rel=1e-5)


def test_what_cannot_be_shared_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no group of processes"), data_parallel():
        pass
    with group(tmp_path, 0, 1):
        forward = forward_of(model_of())
        with pytest.raises(ConfigError, match="a step has 0 pairs, too few for 1 processes"):
            forward.own(ROWS[:0])
        forward.close()


def test_normalization_by_batches_is_refused_on_cpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_of()
    model.encoders[1].register_module("norm", nn.BatchNorm1d(4))
    with group(tmp_path, 0, 1):
        forward_of(model).close()  # a single process sees the whole batch, or does not train it
        model.encoders.train()
        monkeypatch.setattr(dist, "get_world_size", lambda: 2)
        with pytest.raises(ConfigError, match=r"by batches \(BatchNorm1d\)"):
            forward_of(model)
