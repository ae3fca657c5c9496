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

import copy
import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from acqkit.embeddings import ModalityEmbeddings, PairEmbeddings
from acqkit.interfaces import RoundContext
from acqkit.models import as_tensor

_FIT_ROWS = 20_000
"""Pairs that a head is fitted on at most; by default 100 steps draw 12,800."""
_BATCH = 128
"""Pairs a step: each is compared with 127 others that do not match."""
_LEARNING_RATE = 1e-2
_REACH = 5.0
"""Log-variances stay within this of the pool's spread, so that no variance vanishes or explodes."""

Gaussian = tuple[Tensor, Tensor]
"""Mean `[k, d]` and variance, `[k, d]` or `[k, 1]`, in units of the pool's spread."""


class PairHead(nn.Module):
    """Variances and match probabilities for blocks of pairs; made by `fit_pair_head`.

    Blocks are brought to the device on which its parameters are, and so is what it gives.
    `scale` is the pool's spread per dimension; the head works in units of it. Before it is
    fitted both networks are alike and all variances a tenth of the pool's spread.
    """

    def __init__(self, dim: int, hidden: int, scale: float, swapped: bool = False) -> None:
        super().__init__()
        self.scale, self.swapped = scale, swapped
        first, last = nn.Linear(dim, hidden), nn.Linear(hidden, 1)
        nn.init.zeros_(last.weight)
        nn.init.constant_(last.bias, math.log(0.1))
        network = nn.Sequential(first, nn.GELU(), last)
        self.networks = nn.ModuleList([network, copy.deepcopy(network)])
        self.log_s = nn.Parameter(torch.tensor(-math.log(dim)))
        self.t = nn.Parameter(torch.tensor(1.0))

    def gaussians(
        self, sides: tuple[ModalityEmbeddings, ModalityEmbeddings]
    ) -> tuple[Gaussian, Gaussian]:
        """Both modalities, in the order of the networks; a model's own variances are kept."""
        first, second = map(self._gaussian, sides, self.networks)
        return first, second

    def _gaussian(self, side: ModalityEmbeddings, network: nn.Module) -> Gaussian:
        device = self.log_s.device
        mean = as_tensor(side.mean, device).float() / self.scale
        if side.variance is not None:
            return mean, as_tensor(side.variance, device) / self.scale**2
        return mean, (_REACH * torch.tanh(network(mean) / _REACH)).exp()

    def loss(self, a: Gaussian, b: Gaussian, wasserstein: float, prior: float) -> Tensor:
        """The loss of a batch of matched pairs, up to what no parameter changes."""
        (mean_a, var_a), (mean_b, var_b) = a, b
        distance = torch.cdist(mean_a, mean_b).square()
        logits = self._match_logits(distance, _total(a)[:, None] + _total(b))
        matched, n = logits.diagonal(), len(logits)
        unmatched = functional.softplus(logits).sum() - functional.softplus(matched).sum()
        match = functional.softplus(-matched).mean() + unmatched / (n * (n - 1))
        transport = (var_a.sqrt() - var_b.sqrt()).square().mean()
        divergence = 0.5 * ((var_a - var_a.log()).mean() + (var_b - var_b.log()).mean())
        return match + wasserstein * transport + prior * divergence

    def _match_logits(self, distance: Tensor, variances: Tensor) -> Tensor:
        return self.t - self.log_s.exp() * (distance + variances)

    @torch.no_grad()
    def variances(self, block: PairEmbeddings) -> tuple[Tensor, Tensor]:
        """vᵃ and vᵇ in the embedding's own units: `[k, 1]`, or the model's own `[k, d]`."""
        (_, a), (_, b) = self._of_block(block)
        return a * self.scale**2, b * self.scale**2

    @torch.no_grad()
    def match_probability(self, block: PairEmbeddings) -> Tensor:
        """P(i, i), the probability that a pair's two modalities belong together, `[k]`."""
        a, b = self._of_block(block)
        distance = (a[0] - b[0]).square().sum(dim=1)
        return torch.sigmoid(self._match_logits(distance, _total(a) + _total(b)))

    def _of_block(self, block: PairEmbeddings) -> tuple[Gaussian, Gaussian]:
        if not self.swapped:
            return self.gaussians(block.sides)
        b, a = self.gaussians(block.sides[::-1])
        return a, b


def _total(gaussian: Gaussian) -> Tensor:
    """Variance summed over dimensions, `[k]`."""
    mean, variance = gaussian
    return mean.shape[1] * variance.mean(dim=1)


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
        variances = [side.mean.var(axis=0, dtype=np.float32).mean() for side in sides]
        spread = float(np.sqrt(np.mean(variances)))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.derive("ascmr-head"))
        head = PairHead(embeddings.dim, hidden, max(spread, 1e-6), swapped).to(context.device)
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
    optimizer = torch.optim.Adam(head.parameters(), lr=_LEARNING_RATE, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    n = len(sides[0].mean)
    for _ in range(steps):
        rows = rng.choice(n, size=min(_BATCH, n), replace=False)
        a, b = head.gaussians((sides[0].take(rows), sides[1].take(rows)))
        optimizer.zero_grad()
        head.loss(a, b, wasserstein, prior).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
