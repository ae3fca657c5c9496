"""The probabilistic pair head: variances for models that give none, and match probabilities.

Fitted after training, on the model's embeddings of the whole pool, without labels. Per
modality a small network gives a log-variance around the model's own mean (which it leaves as
it is, so that the model's classifier keeps its meaning): one for all dimensions, since the
loss treats them alike and networks with an output for each would learn as many equal ones.
The loss is soft contrastive matching over a batch's n×n pairs with the closed-form expected
squared distance

  d(i, j) = ‖μᵢᵃ − μⱼᵇ‖² + Σ_d (vᵢᵃ + vⱼᵇ),   P(i, j) = sigmoid(−s·d(i, j) + t),  s > 0

with matched and unmatched pairs weighing the same, plus the squared 2-Wasserstein distance of
matched pairs, plus a KL term to a prior of the pool's own spread, so that variances neither
vanish nor explode.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from acqkit.embeddings import ModalityEmbeddings, PairEmbeddings
from acqkit.interfaces import RoundContext
from acqkit_ascmr.tensors import as_tensor

_FIT_ROWS = 20_000
_BATCH = 128
_AHEAD = 16
"""Batches gathered at a time; one at a time, calls take longer than sums."""
_REACH = 5.0
"""Of log-variances from that of the pool's spread."""


class PairHead:
    """Variances and match probabilities for blocks of pairs; made by `fit_pair_head`.

    `scale` is the pool's spread per dimension; the head works in units of it. All that is
    fitted lies in one tensor, `flat`: per modality, side by side so that a product serves both,
    weight `[2, h, d]`, bias `[2, 1, h]`, output `[2, h, 1]` and level `[2, 1, 1]` of its network;
    log s and t.
    """

    def __init__(self, flat: Tensor, dim: int, scale: float, swapped: bool = False) -> None:
        self.flat, self.dim, self.scale, self.swapped = flat, dim, scale, swapped
        hidden = (len(flat) - 4) // (2 * dim + 4)
        shapes = ((2, hidden, dim), (2, 1, hidden), (2, hidden, 1), (2, 1, 1), (), ())
        parts = torch.split_with_sizes(flat, [math.prod(shape) for shape in shapes])
        views = (part.view(shape) for part, shape in zip(parts, shapes, strict=True))
        self.weight, self.bias, self.output, self.level, self.log_s, self.t = views

    @classmethod
    def start(cls, dim: int, hidden: int, scale: float) -> PairHead:
        """Before it is fitted: both networks alike, variances a tenth of the pool's spread."""
        first = nn.Linear(dim, hidden)
        head = cls(torch.zeros(hidden * (2 * dim + 4) + 4), dim, scale)
        head.weight[:], head.bias[:] = first.weight.detach(), first.bias.detach()
        head.level.fill_(math.log(0.1))
        head.log_s.fill_(math.log(1.0 / dim))
        head.t.fill_(1.0)
        return head

    def log_variances(self, means: Tensor, nets: slice = slice(None)) -> Tensor:
        """Of both modalities `[2, k, d]` to `[2, k, 1]`, or of those of `nets` alone."""
        return _squashed(self._raw(functional.gelu(self._hidden(means, nets)), nets))

    def _hidden(self, means: Tensor, nets: slice) -> Tensor:
        return torch.baddbmm(self.bias[nets], means, self.weight[nets].mT)

    def _raw(self, active: Tensor, nets: slice) -> Tensor:
        return torch.baddbmm(self.level[nets], active, self.output[nets])

    def standard(self, side: ModalityEmbeddings, net: int) -> tuple[Tensor, Tensor]:
        """Mean `[k, d]` and variance, `[k, d]` or `[k, 1]`, in units of the pool's spread."""
        mean = as_tensor(side.mean) / self.scale
        if side.variance is not None:
            variance = as_tensor(side.variance) / self.scale**2
        else:
            variance = self.log_variances(mean[None], slice(net, net + 1))[0].exp()
        return mean, variance

    def variances(self, block: PairEmbeddings) -> tuple[Tensor, Tensor]:
        """vᵃ and vᵇ in the embedding's own units: `[k, 1]`, or the model's own `[k, d]`."""
        order = (1, 0) if self.swapped else (0, 1)
        a, b = (
            self.standard(side, net)[1] * self.scale**2
            for side, net in zip(block.sides, order, strict=True)
        )
        return a, b

    def match_probability(self, block: PairEmbeddings) -> Tensor:
        """P(i, i), the probability that a pair's two modalities belong together, `[k]`."""
        order = (1, 0) if self.swapped else (0, 1)
        (mean_a, var_a), (mean_b, var_b) = (
            self.standard(side, net) for side, net in zip(block.sides, order, strict=True)
        )
        distance = (mean_a - mean_b).square().sum(dim=1)
        distance += self.dim * (var_a.mean(dim=1) + var_b.mean(dim=1))
        return torch.sigmoid(self.t - self.log_s.exp() * distance)

    def gradient(
        self,
        means: Tensor,
        apart: Tensor,
        given: tuple[Tensor | None, Tensor | None],
        wasserstein: float,
        prior: float,
        out: PairHead,
    ) -> None:
        """The gradient of the loss on a batch of matched pairs, into `out`.

        means `[2, k, d]`, apart `[k, k]` their squared distances, given the variances `[k, d]`
        of a modality whose model has its own. Written down: traced, its hundreds of small
        steps took twice as long.
        """
        hidden = self._hidden(means, slice(None))
        active = functional.gelu(hidden)
        log_variance = _squashed(self._raw(active, slice(None)))
        fitted = log_variance.exp()
        own = torch.tensor([one is None for one in given])
        variance = fitted
        if not own.all():
            parts = zip(given, fitted, strict=True)
            variance = torch.stack([v.expand_as(means[0]) if g is None else g for g, v in parts])
        by_variance = self._loss_gradient(apart, variance, wasserstein, prior, out)
        # d exp(5·tanh(r/5)) = exp(5·tanh(r/5))·(1 − tanh²(r/5)) dr
        by_raw = by_variance.sum(dim=2, keepdim=True) * own[:, None, None] * fitted
        by_raw = by_raw * (1 - (log_variance / _REACH).square())
        torch.bmm(active.mT, by_raw, out=out.output)
        torch.sum(by_raw, dim=1, keepdim=True, out=out.level)
        by_hidden = torch.ops.aten.gelu_backward(by_raw * self.output.mT, hidden)
        torch.bmm(by_hidden.mT, means, out=out.weight)
        torch.sum(by_hidden, dim=1, keepdim=True, out=out.bias)

    def _loss_gradient(
        self, apart: Tensor, variance: Tensor, wasserstein: float, prior: float, out: PairHead
    ) -> Tensor:
        """By variances `[2, k, w]`, of the same shape; those by log s and t into `out`."""
        k, width = variance.shape[1:]
        lifted = self.dim * variance.mean(dim=2)
        distance = apart + (lifted[0][:, None] + lifted[1])
        s = self.log_s.exp()
        logits = torch.addcmul(self.t, distance, s, value=-1)
        # Of the logits: σ(l) of the unmatched, −σ(−l) of the matched, by their numbers.
        by_logit = torch.sigmoid(logits)
        matched = (by_logit.diagonal() - 1).div_(k)
        by_logit.div_(k * (k - 1)).diagonal().copy_(matched)
        out.log_s.copy_(-s * torch.dot(by_logit.flatten(), distance.flatten()))
        out.t.copy_(by_logit.sum())
        by_match = torch.stack((by_logit.sum(dim=1), by_logit.sum(dim=0)))[:, :, None]
        sd = variance.sqrt()
        by_variance: Tensor = wasserstein * (1 - sd.flip(0) / sd) + (0.5 * prior) * (
            1 - 1 / variance
        )
        by_variance.div_(k * width).sub_((s * self.dim / width) * by_match)
        return by_variance


def _squashed(raw: Tensor) -> Tensor:
    # Within e^±5 of the pool's spread, softly: no variance vanishes or explodes.
    return _REACH * torch.tanh(raw / _REACH)


def fit_pair_head(
    context: RoundContext, *, hidden: int, steps: int, wasserstein: float, prior: float
) -> PairHead:
    """Fit a head on the pool's embeddings, without labels, deterministically for the round.

    At most 20,000 pairs that have both modalities are used, chosen by their ids. The
    modalities are put in an order of their own first, so that swapping them changes
    nothing, to the last bit.
    """
    embeddings = _training_rows(context)
    swapped = _is_swapped(embeddings)
    sides = embeddings.sides[::-1] if swapped else embeddings.sides
    spread = 1.0
    if len(embeddings):
        spread = float(np.sqrt(np.mean([side.mean.var(axis=0).mean() for side in sides])))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.derive("ascmr-head"))
        head = PairHead.start(embeddings.dim, hidden, max(spread, 1e-6))
    head.swapped = swapped
    if len(embeddings) > 1:
        _train(head, sides, steps, wasserstein, prior, context.rng("ascmr-batches"))
    return head


def _training_rows(context: RoundContext) -> PairEmbeddings:
    embeddings = context.embeddings
    complete = np.ones(len(embeddings), dtype=bool)
    for side in embeddings.sides:
        if side.present is not None:
            complete &= side.present
    rows = context.canonical(np.flatnonzero(complete))[:_FIT_ROWS]
    a, b = (replace(side, probabilities=None) for side in embeddings.sides)
    return replace(embeddings, a=a, b=b).take(rows)


def _is_swapped(embeddings: PairEmbeddings) -> bool:
    first, second = (side.mean for side in embeddings.sides)
    apart = first != second
    where = np.unravel_index(apart.argmax(), apart.shape) if apart.any() else None
    return where is not None and bool(first[where] > second[where])


def _train(
    head: PairHead,
    sides: tuple[ModalityEmbeddings, ModalityEmbeddings],
    steps: int,
    wasserstein: float,
    prior: float,
    rng: np.random.Generator,
) -> None:
    gradient = PairHead(torch.zeros_like(head.flat), head.dim, head.scale)
    head.flat.grad = gradient.flat
    optimizer = torch.optim.Adam([head.flat], lr=1e-2, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for means, apart, given in _batches(sides, head.scale, steps, rng):
        head.gradient(means, apart, given, wasserstein, prior, gradient)
        optimizer.step()
        schedule.step()


def _batches(
    sides: tuple[ModalityEmbeddings, ModalityEmbeddings],
    scale: float,
    steps: int,
    rng: np.random.Generator,
) -> Iterator[tuple[Tensor, Tensor, tuple[Tensor | None, Tensor | None]]]:
    """What `PairHead.gradient` wants of each step's pairs, made for several steps at once."""
    n, size = len(sides[0].mean), min(_BATCH, len(sides[0].mean))
    for first in range(0, steps, _AHEAD):
        count = min(_AHEAD, steps - first)
        rows = np.concatenate([rng.choice(n, size=size, replace=False) for _ in range(count)])
        batch = [side.take(rows) for side in sides]
        both = torch.stack([as_tensor(side.mean) for side in batch]).div_(scale)
        means = both.view(2, count, size, -1)
        lengths = means.square().sum(dim=3)
        products = lengths[0][:, :, None] + lengths[1][:, None]
        apart = products.baddbmm_(means[0], means[1].mT, alpha=-2)
        given_a, given_b = (
            [None] * count
            if side.variance is None
            else (as_tensor(side.variance) / scale**2).view(count, size, -1)
            for side in batch
        )
        yield from zip(means.unbind(1), apart, zip(given_a, given_b, strict=True), strict=True)
