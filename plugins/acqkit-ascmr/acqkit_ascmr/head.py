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

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from acqkit.embeddings import ModalityEmbeddings, PairEmbeddings
from acqkit.interfaces import RoundContext
from acqkit_ascmr.tensors import as_tensor

_FIT_ROWS = 20_000
_BATCH = 128


class VarianceNet(nn.Module):
    """Embeddings `[k, d]` (in units of the pool's spread) to log-variances `[k, 1]`."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(dim, hidden)
        self.output = nn.Linear(hidden, 1)
        nn.init.zeros_(self.output.weight)
        nn.init.constant_(self.output.bias, math.log(0.1))

    def forward(self, means: Tensor) -> Tensor:
        raw = self.output(functional.gelu(self.hidden(means)))
        # Within e^±5 of the pool's spread, softly: no variance vanishes or explodes.
        return 5.0 * torch.tanh(raw / 5.0)


class PairHead(nn.Module):
    """Variances and match probabilities for blocks of pairs; made by `fit_pair_head`.

    `scale` is the pool's spread per dimension; the head works in units of it.
    """

    def __init__(self, dim: int, hidden: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.nets = nn.ModuleList([VarianceNet(dim, hidden), VarianceNet(dim, hidden)])
        self.nets[1].load_state_dict(self.nets[0].state_dict())
        self.log_s = nn.Parameter(torch.tensor(math.log(1.0 / dim)))
        self.t = nn.Parameter(torch.tensor(1.0))
        self.swapped = False

    def standard(self, side: ModalityEmbeddings, net: int) -> tuple[Tensor, Tensor]:
        """Mean `[k, d]` and variance, `[k, d]` or `[k, 1]`, in units of the pool's spread."""
        mean = as_tensor(side.mean) / self.scale
        if side.variance is not None:
            variance = as_tensor(side.variance) / self.scale**2
        else:
            variance = self.nets[net](mean).exp()
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

    def match_logits(self, distance: Tensor) -> Tensor:
        """−s·d + t for expected squared distances in units of the pool's spread."""
        return self.t - self.log_s.exp() * distance

    @torch.no_grad()
    def match_probability(self, block: PairEmbeddings) -> Tensor:
        """P(i, i), the probability that a pair's two modalities belong together, `[k]`."""
        order = (1, 0) if self.swapped else (0, 1)
        (mean_a, var_a), (mean_b, var_b) = (
            self.standard(side, net) for side, net in zip(block.sides, order, strict=True)
        )
        distance = (mean_a - mean_b).square().sum(dim=1)
        distance += mean_a.shape[1] * (var_a.mean(dim=1) + var_b.mean(dim=1))
        return torch.sigmoid(self.match_logits(distance))


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
    optimizer = torch.optim.Adam(head.parameters(), lr=1e-2, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        rows = rng.choice(n, size=min(_BATCH, n), replace=False)
        (mean_a, var_a), (mean_b, var_b) = (
            head.standard(side.take(rows), net) for net, side in enumerate(sides)
        )
        loss = head_loss(head, mean_a, var_a, mean_b, var_b, wasserstein, prior)
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
    k, dim = mean_a.shape
    from_a = mean_a.square().sum(dim=1) + dim * var_a.mean(dim=1)
    from_b = mean_b.square().sum(dim=1) + dim * var_b.mean(dim=1)
    distance = torch.addmm(from_a[:, None] + from_b[None], mean_a, mean_b.T, alpha=-2)
    logits = head.match_logits(distance)
    matched = logits.diagonal()
    match = functional.softplus(-matched).mean()
    unmatched = functional.softplus(logits).sum() - functional.softplus(matched).sum()
    mismatch = unmatched / (k * (k - 1))
    apart = (mean_a - mean_b).square().mean(dim=1)
    w2 = apart + (var_a.sqrt() - var_b.sqrt()).square().mean(dim=1)
    kl = 0.5 * sum((v - v.log() - 1).mean() for v in (var_a, var_b))
    return match + mismatch + wasserstein * w2.mean() + prior * kl
