"""The soft contrastive loss with relaxed labels and relaxed margins, usable on its own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_TINY = 1e-8


def contrast(relative: Tensor, relaxed: Tensor, margin: float) -> tuple[Tensor, Tensor, Tensor]:
    """The parts of w̃·d̃² + (1 - w̃)·s² entry by entry: w̃·d̃, (1 - w̃)·s and s = max(0, δ - d̃).

    δ = margin·(1 - w̃); relative distances d̃ and relaxed labels w̃ in [0, 1] of any one shape.
    The slope in d̃ is twice the first part less twice the second. An unrelated entry (w̃ = 0)
    beyond its margin has exactly none; a hard label 1 is drawn in, 0 pushed out.
    """
    unrelated = 1 - relaxed
    short = torch.add(relative, unrelated, alpha=-margin).neg_().clamp_min_(0)
    return relaxed * relative, unrelated.mul_(short), short


class SoftContrastiveLoss(nn.Module):
    """Σ w̃_ij·d̃_ij² + (1 - w̃_ij)·max(0, δ_ij - d̃_ij)², as a mean over the entries; a scalar.

    d̃ are Euclidean distances divided by their mean over the batch (which carries gradient, so
    that no scale is favored), w̃ relaxed labels, δ_ij = margin·(1 - w̃_ij) relaxed margins:
    relatives are drawn together as strongly as they are related, others are pushed apart only
    until they are as far as they should be: learning is selective (see `contrast`).

    Source: doi 10.1016/j.ins.2025.121974.
    """

    def __init__(self, margin: float = 1.5) -> None:
        super().__init__()
        self.margin = margin
        self.active_share = float("nan")
        """Share of entries below their relaxed margin when the loss was last computed."""

    def forward(
        self,
        a: Tensor,
        b: Tensor,
        relaxed: Tensor,
        present: tuple[Tensor | None, Tensor | None] = (None, None),
    ) -> Tensor:
        """Across and within the modalities of `k` pairs, both equally: a, b `[k, d]`.

        relaxed `[k, k]` in [0, 1], symmetric. present: which pairs have each modality, `[k]`
        bool, None for all. Within a modality a pair is not compared with itself.
        """
        has_a, has_b = present
        a, b = _rows(a, has_a), _rows(b, has_b)
        of_a, of_b = _rows(relaxed, has_a), _rows(relaxed, has_b)
        across, far, wide = self._block(a, b, _columns(of_a, has_b))
        within_a, near_a, n_a = self._block(a, None, _columns(of_a, has_a))
        within_b, near_b, n_b = self._block(b, None, _columns(of_b, has_b))
        self.active_share = float(far + near_a + near_b) / max(wide + n_a + n_b, 1)
        return (across / max(wide, 1) + (within_a + within_b) / max(n_a + n_b, 1)) / 2

    def _block(self, x: Tensor, y: Tensor | None, relaxed: Tensor) -> tuple[Tensor, Tensor, int]:
        """Sum of the entries, how many lie within their margin, and how many there are.

        y: None compares the rows of `x` with each other.
        """
        total, active = _Summed.apply(x, y, relaxed, self.margin)  # type: ignore[no-untyped-call]
        return total, active, _entries(relaxed, within=y is None)


def _rows(values: Tensor, mask: Tensor | None) -> Tensor:
    return values if mask is None else values[mask]


def _columns(values: Tensor, mask: Tensor | None) -> Tensor:
    return values if mask is None else values[:, mask]


def _entries(block: Tensor, *, within: bool) -> int:
    """Entries that count: within a modality, a pair is not compared with itself."""
    return block.numel() - (len(block) if within else 0)


class _Summed(torch.autograd.Function):
    """The sum over a block's entries, with its gradient found along the way.

    Left to itself, autograd takes several times as long: it keeps and visits some twenty
    matrices of the block's size.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, y: Tensor | None, relaxed: Tensor, margin: float
    ) -> tuple[Tensor, Tensor]:
        """The sum, and the number of entries within their margin."""
        within = y is None
        entries = max(_entries(relaxed, within=within), 1)
        relative = _distances(x, x if y is None else y)
        if within:
            relative.fill_diagonal_(0)
        mean = (relative.sum() / entries).clamp_min(_TINY)
        relative.div_(mean)
        drawn, pushed, short = contrast(relative, relaxed, margin)
        if within:
            for part in (drawn, pushed, short):
                part.fill_diagonal_(0)
        total = _dot(drawn, relative) + _dot(pushed, short)
        count = short.sign().sum()  # a quarter of the time of count_nonzero
        # Half the slope, which moves an entry's own distance and, through their mean, all:
        # d̃ = d / m.
        slope = drawn.sub_(pushed)
        pull = slope.sub_(_dot(slope, relative) / entries).div_(relative)
        if within:
            pull.fill_diagonal_(0)
        ctx.save_for_backward(x, y, pull, mean)
        ctx.mark_non_differentiable(count)
        return total, count

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        x, y, pull, mean = ctx.saved_tensors
        scale = 2 * outer / mean.square()
        if y is None:  # both ends of a symmetric block
            return 2 * scale * _pulled(x, x, pull), None, None, None
        return scale * _pulled(x, y, pull), scale * _pulled(y, x, pull.T), None, None


def _distances(x: Tensor, y: Tensor) -> Tensor:
    """Euclidean distances `[k, l]`, never quite 0."""
    # From differences of squares, not cdist: its gradient is not defined where rows meet.
    squares = y.square().sum(dim=1).expand(len(x), len(y))
    distances = torch.addmm(squares, x, y.T, alpha=-2).add_(x.square().sum(dim=1)[:, None])
    return distances.clamp_min_(_TINY).sqrt_()


def _pulled(x: Tensor, y: Tensor, pull: Tensor) -> Tensor:
    """Σ_j pull_ij·(x_i - y_j) for every row of `x`."""
    return torch.addmm(pull.sum(dim=1)[:, None] * x, pull, y, alpha=-1)


def _dot(x: Tensor, y: Tensor) -> Tensor:
    """Σ x_ij·y_ij, without a matrix of the products."""
    return torch.dot(x.flatten(), y.flatten())
