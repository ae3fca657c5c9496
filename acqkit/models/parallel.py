"""One training by several processes, each of which encodes a part of every batch.

What shaped this file:

- A contrastive loss compares all pairs of a batch: features are gathered, and every process works
  out the loss of the whole batch from them, which is cheap beside the encoders.
- Encoders are what costs: they are torch's `DistributedDataParallel`. The classifier works on what
  was gathered, in every process alike.
- Batches and dropout are drawn for the whole batch, from one seed: how many processes there are
  changes a result by rounding alone.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel

from acqkit.embeddings import IntArray
from acqkit.errors import ConfigError
from acqkit.interfaces import PairBatch
from acqkit.models.inputs import mask_of
from acqkit.models.network import PairNetwork
from acqkit.models.outputs import Outputs
from acqkit.models.sampling import dropout_layers

_UNITED = 1 << 24
"""Numbers exchanged at a time: 64 MiB."""

_shared: ContextVar[bool] = ContextVar("_shared", default=False)


@contextmanager
def data_parallel() -> Iterator[None]:
    """The processes of torch's default process group train one network together within.

    All of them call the same trainer with the same model, pool and seed. Each reads and encodes
    its part of every batch, and all end with the same network: that which one process alone trains,
    to rounding. Dropout is that of one process for layers `nn.Dropout` in encoders whose inputs
    have one size; what encoders and collate functions draw otherwise depends on the processes.

    Raises ConfigError where there is no process group (`torch.distributed.init_process_group`).
    In a training: where a batch has fewer pairs than there are processes, and for encoders on CPUs
    that normalize by batches.
    """
    if not dist.is_initialized():
        raise ConfigError(
            "there is no group of processes to train with; call "
            "torch.distributed.init_process_group first, or run this under torchrun or Ray"
        )
    token = _shared.set(True)
    try:
        yield
    finally:
        _shared.reset(token)


def own_blocks(blocks: list[IntArray]) -> list[IntArray]:
    """Those of some blocks of pairs that this process does; all of them where it is alone."""
    return blocks[dist.get_rank() :: dist.get_world_size()] if _shared.get() else blocks


def all_shapes(rows: dict[int, Tensor]) -> dict[int, torch.Size]:
    """The shapes of a row of tensors `[n, ...]` by key, of those that any process has."""
    found = [{key: tensor.shape[1:] for key, tensor in rows.items()}]
    if _shared.get():
        found = found * dist.get_world_size()
        dist.all_gather_object(found, found[0])
    return {key: shape for own in found for key, shape in sorted(own.items())}


def unite(rows: Tensor, device: torch.device) -> None:
    """Give every process all rows `[n, ...]`, each of which is zeros in all but one of them."""
    if not _shared.get():
        return
    each = max(1, _UNITED // max(1, rows[:1].numel()))
    for start in range(0, len(rows), each):
        part = rows[start : start + each].to(device)  # where the processes can exchange it
        dist.all_reduce(part)
        rows[start : start + each] = part


class Forward:
    """A step's pass through a network."""

    def __init__(self, network: PairNetwork) -> None:
        self.network = network

    def own(self, positions: IntArray) -> IntArray:
        """Which pairs of a step this process reads."""
        return positions

    def outputs(self, batch: PairBatch, positions: IntArray) -> Outputs:
        """Of all pairs of a step, at `positions`, where `batch` has this process's own."""
        outputs: Outputs = self.network(batch)
        return outputs

    def before_step(self) -> None:
        """Called when the gradients of a step are whole."""

    def close(self) -> None:
        """Leave the network as any other."""


def forward_of(network: PairNetwork) -> Forward:
    """How a network, ready for its first step, sees the pairs of each step."""
    return SharedForward(network) if _shared.get() else Forward(network)


class _Rows(NamedTuple):
    """Where a process's own rows begin in a whole batch, how many they are, and all of them."""

    start: int
    own: int
    all: int


class SharedForward(Forward):
    """A step's pass of which every process of the default group does a part; see the module."""

    def __init__(self, network: PairNetwork) -> None:
        super().__init__(network)
        self.rank, self.count = dist.get_rank(), dist.get_world_size()
        _share_normalization(network)
        _as_in_the_first(network)
        self._others = [
            parameter
            for name, parameter in network.named_parameters()
            if not name.startswith("encoders.") and parameter.requires_grad
        ]
        self._encoders: nn.Module = _Encoders(network)
        if any(parameter.requires_grad for parameter in network.encoders.parameters()):
            # Which parameters a step uses depends on its pairs, and on what is kept.
            self._encoders = DistributedDataParallel(self._encoders, find_unused_parameters=True)
        self._rows = (_Rows(0, 0, 0), _Rows(0, 0, 0))
        self._dropout = [
            (layer, side) for side in (0, 1) for layer in dropout_layers(network.encoders[side])
        ]
        for layer, side in self._dropout:
            layer.forward = functools.partial(self._dropped, layer, side)

    def own(self, positions: IntArray) -> IntArray:
        """This process's share of the pairs: shares are equal but for one pair."""
        if len(positions) < self.count:
            raise ConfigError(
                f"a step has {len(positions)} pairs, too few for {self.count} processes; train "
                "with fewer workers, or larger batches"
            )
        return np.array_split(positions, self.count)[self.rank]

    def outputs(self, batch: PairBatch, positions: IntArray) -> Outputs:
        """Encode the own pairs, and gather what all processes made of theirs."""
        sizes = [len(part) for part in np.array_split(positions, self.count)]
        device = self.network.device
        masks = [_mask(batch, side) for side in (0, 1)]
        every = _gathered(torch.stack(masks, dim=1).to(device), sizes).bool()
        first = sum(sizes[: self.rank])
        before, own, all_ = (
            part.sum(dim=0).tolist() for part in (every[:first], torch.stack(masks, dim=1), every)
        )
        self._rows = (_Rows(before[0], own[0], all_[0]), _Rows(before[1], own[1], all_[1]))
        found = self._encoders(batch)
        a, b = (_Gather.apply(features, sizes, self.rank) for features in found)  # type: ignore[no-untyped-call]
        present = [None if all_[side] == len(positions) else every[:, side] for side in (0, 1)]
        return self.network.outputs((a, b), (present[0], present[1]), positions)

    def before_step(self) -> None:
        """Make the gradients of the classifier one: they differ where a GPU's sums do."""
        for parameter in self._others:
            if parameter.grad is not None:
                dist.all_reduce(parameter.grad)
                parameter.grad /= self.count

    def close(self) -> None:
        """Take the dropout of whole batches away, and what torch keeps at the parameters."""
        for layer, _ in self._dropout:
            layer.__dict__.pop("forward", None)
        self._encoders = nn.Identity()

    def _dropped(self, layer: nn.Module, side: int, inputs: Tensor) -> Tensor:
        """Dropout of the own rows with masks that are drawn for all rows of the batch."""
        rows = self._rows[side]
        each, rest = divmod(len(inputs), max(rows.own, 1))  # some layers see rows by tokens
        if not layer.training or rest or not rows.own:
            kept: Tensor = type(layer).forward(layer, inputs)
            return kept
        whole = inputs.new_ones(rows.all * each, *inputs.shape[1:])
        start = rows.start * each
        kept = type(layer).forward(layer, whole)[start : start + len(inputs)]
        return inputs * kept


class _Encoders(nn.Module):
    """Both encoders of a network as one module, whose output is both modalities' features."""

    def __init__(self, network: PairNetwork) -> None:
        super().__init__()
        self.encoders = network.encoders
        self._features = network.features  # a method, so that the network is no part of this

    def forward(self, batch: PairBatch) -> tuple[Tensor, Tensor]:
        return self._features(0, batch), self._features(1, batch)


class _Gather(torch.autograd.Function):
    """The rows of all processes, in their order, with exact gradients.

    Every process computes the same loss L of all rows, and so has the whole dL/df. For its
    parameters it needs the part of L that goes through its own rows f_r, dL/df_r · df_r/dw, which
    is to be summed over the processes. DistributedDataParallel takes the mean of what they have
    instead: the gradient of the own rows times the number of processes makes it the sum. The sum
    over all processes of their gradients for f_r, as `torch.distributed.nn` communicates it, is
    the same number.
    """

    @staticmethod
    def forward(ctx: Any, own: Tensor, sizes: list[int], rank: int) -> Tensor:
        start = sum(sizes[:rank])
        ctx.rows, ctx.count = slice(start, start + sizes[rank]), len(sizes)
        return _gathered(own, sizes)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return gradient[ctx.rows] * ctx.count, None, None


def _gathered(own: Tensor, sizes: list[int]) -> Tensor:
    """Rows `[n, ...]` of all processes, of which each has `sizes` in its place."""
    room = own.new_zeros(max(sizes), *own.shape[1:])  # torch gathers parts of one size
    room[: len(own)] = own
    parts = [torch.empty_like(room) for _ in sizes]
    dist.all_gather(parts, room)
    return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])


def _mask(batch: PairBatch, side: int) -> Tensor:
    mask = mask_of((batch.present_a, batch.present_b)[side])
    present = np.ones(len(batch), bool) if mask is None else mask
    return torch.from_numpy(present.astype(np.uint8))


@torch.no_grad()
def _as_in_the_first(network: PairNetwork) -> None:
    """What the first step starts from as the first process has it: a GPU's sums may differ."""
    trust = torch.tensor([network.trust], dtype=torch.float64, device=network.device)
    for tensor in (trust, network.class_weight, network.class_bias):
        dist.broadcast(tensor, 0)
    network.trust = float(trust)


def _share_normalization(network: PairNetwork) -> None:
    """Let normalization by batches see the whole one; raises ConfigError on CPUs."""
    found = [m for m in network.encoders.modules() if isinstance(m, _BatchNorm) and m.training]
    if not found or dist.get_world_size() == 1:
        return
    if network.device.type == "cpu":
        raise ConfigError(
            f"an encoder normalizes by batches ({type(found[0]).__name__}), of which torch sees "
            "the whole in several processes on GPUs alone; train in one process, or freeze it"
        )
    nn.SyncBatchNorm.convert_sync_batchnorm(network.encoders)  # type: ignore[no-untyped-call]
