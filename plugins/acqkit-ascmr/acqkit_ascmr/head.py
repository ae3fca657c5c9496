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
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from acqkit.embeddings import ModalityEmbeddings, PairEmbeddings
from acqkit.interfaces import RoundContext
from acqkit_ascmr.tensors import as_tensor

_FIT_ROWS = 20_000
_BATCH = 128


class VarianceNets(nn.Module):
    """One network a modality: embeddings (in units of the pool's spread) to log-variances.

    Both start alike; their weights lie side by side, so that a product serves both.
    """

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        first = nn.Linear(dim, hidden)
        self.weight = nn.Parameter(first.weight.detach().expand(2, hidden, dim).clone())
        self.bias = nn.Parameter(first.bias.detach().expand(2, 1, hidden).clone())
        self.output = nn.Parameter(torch.zeros(2, hidden, 1))
        self.level = nn.Parameter(torch.full((2, 1, 1), math.log(0.1)))

    def forward(self, means: Tensor, nets: slice = slice(None)) -> Tensor:
        """Of both modalities `[2, k, d]` to `[2, k, 1]`, or of those of `nets` alone."""
        hidden = torch.baddbmm(self.bias[nets], means, self.weight[nets].mT)
        raw = torch.baddbmm(self.level[nets], functional.gelu(hidden), self.output[nets])
        # Within e^±5 of the pool's spread, softly: no variance vanishes or explodes.
        return 5.0 * torch.tanh(raw / 5.0)


class PairHead(nn.Module):
    """Variances and match probabilities for blocks of pairs; made by `fit_pair_head`.

    `scale` is the pool's spread per dimension; the head works in units of it.
    """

    def __init__(self, dim: int, hidden: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.nets = VarianceNets(dim, hidden)
        self.log_s = nn.Parameter(torch.tensor(math.log(1.0 / dim)))
        self.t = nn.Parameter(torch.tensor(1.0))
        self.swapped = False

    def standard(self, side: ModalityEmbeddings, net: int) -> tuple[Tensor, Tensor]:
        """Mean `[k, d]` and variance, `[k, d]` or `[k, 1]`, in units of the pool's spread."""
        mean = as_tensor(side.mean) / self.scale
        if side.variance is not None:
            variance = as_tensor(side.variance) / self.scale**2
        else:
            variance = self.nets(mean[None], slice(net, net + 1))[0].exp()
        return mean, variance

    @torch.no_grad()
    def variances(self, block: PairEmbeddings) -> tuple[Tensor, Tensor]:
        """vᵃ and vᵇ in the embedding's own units: `[k, 1]`, or the model's own `[k, d]`."""
        order = (1, 0) if self.swapped else (0, 1)
        a, b = (
            self.standard(side, net)[1] * self.scale**2
            for side, net in zip(block.sides, order, strict=True)
        )
        return a, b

    @torch.no_grad()
    def match_probability(self, block: PairEmbeddings) -> Tensor:
        """P(i, i), the probability that a pair's two modalities belong together, `[k]`."""
        order = (1, 0) if self.swapped else (0, 1)
        (mean_a, var_a), (mean_b, var_b) = (
            self.standard(side, net) for side, net in zip(block.sides, order, strict=True)
        )
        distance = (mean_a - mean_b).square().sum(dim=1)
        distance += mean_a.shape[1] * (var_a.mean(dim=1) + var_b.mean(dim=1))
        return torch.sigmoid(self.t - self.log_s.exp() * distance)


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
    spread = float(np.sqrt(np.mean([side.mean.var(axis=0).mean() for side in sides])))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.derive("ascmr-head"))
        head = PairHead(embeddings.dim, hidden, max(spread, 1e-6))
        _train(head, sides, steps, wasserstein, prior, context.rng("ascmr-batches"))
    head.swapped = swapped
    return head.eval().requires_grad_(False)


def _training_rows(context: RoundContext) -> PairEmbeddings:
    embeddings = context.embeddings
    complete = np.ones(len(embeddings), dtype=bool)
    for side in embeddings.sides:
        if side.present is not None:
            complete &= side.present
    rows = context.canonical(np.flatnonzero(complete))[:_FIT_ROWS]
    return embeddings.take(rows)


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
    n = len(sides[0].mean)
    if n < 2:
        return
    size = min(_BATCH, n)
    batches = [rng.choice(n, size=size, replace=False) for _ in range(steps)]
    drawn = np.concatenate(batches) if batches else np.zeros(0, np.int64)
    means = torch.stack([as_tensor(side.mean.take(drawn, axis=0)) for side in sides]) / head.scale
    given = [
        None if side.variance is None else as_tensor(side.variance[drawn]) / head.scale**2
        for side in sides
    ]
    optimizer = torch.optim.Adam(head.parameters(), lr=1e-2, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for start in range(0, len(drawn), size):
        rows = slice(start, start + size)
        own = means[:, rows]
        fitted = head.nets(own).exp()
        var_a, var_b = (
            fitted[net] if own_variance is None else own_variance[rows]
            for net, own_variance in enumerate(given)
        )
        loss = head_loss(head, own[0], var_a, own[1], var_b, wasserstein, prior)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()


def head_loss(
    head: PairHead,
    mean_a: Tensor,
    var_a: Tensor,
    mean_b: Tensor,
    var_b: Tensor,
    wasserstein: float,
    prior: float,
) -> Tensor:
    """The head's loss on a batch of matched pairs; a scalar.

    Means are `[k, d]`; variances too, or `[k, 1]`.
    """
    loss: Tensor = _HeadLoss.apply(  # type: ignore[no-untyped-call]
        mean_a, var_a, mean_b, var_b, head.log_s, head.t, wasserstein, prior
    )
    return loss


class _HeadLoss(torch.autograd.Function):
    """The loss with its gradient written down: traced, its dozens of small steps took as long
    again as everything else in a training step. Means get no gradient.
    """

    @staticmethod
    def forward(
        ctx: Any,
        mean_a: Tensor,
        var_a: Tensor,
        mean_b: Tensor,
        var_b: Tensor,
        log_s: Tensor,
        t: Tensor,
        wasserstein: float,
        prior: float,
    ) -> Tensor:
        k, dim = mean_a.shape
        variance = torch.stack((var_a, var_b))
        lifted = dim * variance.mean(dim=2)
        from_a, from_b = lifted[0] + mean_a.square().sum(1), lifted[1] + mean_b.square().sum(1)
        distance = torch.addmm(from_a[:, None] + from_b, mean_a, mean_b.T, alpha=-2)
        s = log_s.exp()
        logits = torch.addcmul(t, distance, s, value=-1)
        matched = logits.diagonal()
        of_matched = functional.softplus(-matched)
        unmatched = functional.softplus(logits).sum() - (of_matched + matched).sum()
        sd = variance.sqrt()
        other = sd.flip(0)
        w2 = (mean_a - mean_b).square().mean() + (sd[0] - sd[1]).square().mean()
        kl = (variance - variance.log()).mean() - 1
        # Of the logits: σ(l) of the unmatched, −σ(−l) of the matched, by their numbers.
        grad = torch.sigmoid(logits).div_(k * (k - 1))
        grad.diagonal().copy_(torch.sigmoid(-matched).div_(-k))
        by_match = torch.stack((grad.sum(dim=1), grad.sum(dim=0)))[:, :, None]
        by_variance = wasserstein * (1 - other / sd) + (0.5 * prior) * (1 - 1 / variance)
        by_variance /= var_a.numel()
        by_variance -= (s * dim / var_a.shape[1]) * by_match
        by_log_s = -s * torch.dot(grad.flatten(), distance.flatten())
        ctx.save_for_backward(*by_variance, by_log_s, grad.sum())
        return of_matched.mean() + unmatched / (k * (k - 1)) + wasserstein * w2 + prior * kl

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Of variances, log s and t."""
        by_a, by_b, by_log_s, by_t = (grads[0] * own for own in ctx.saved_tensors)
        return None, by_a, None, by_b, by_log_s, by_t, None, None
