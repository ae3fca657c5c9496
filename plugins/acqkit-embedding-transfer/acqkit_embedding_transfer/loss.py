"""The soft contrastive loss with relaxed labels and relaxed margins, usable on its own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_TINY = 1e-8


def contrast(relative: Tensor, relaxed: Tensor, margin: float) -> tuple[Tensor, Tensor, Tensor]:
    """w̃·d̃² + (1 - w̃)·max(0, δ - d̃)² entry by entry, its slope in d̃, and whether d̃ < δ.

    δ = margin·(1 - w̃); relative distances d̃ and relaxed labels w̃ in [0, 1] of any one shape.
    An unrelated entry (w̃ = 0) beyond its margin has exactly no slope; a hard label 1 is drawn
    in, 0 pushed out.
    """
    unrelated = 1 - relaxed
    short = (margin * unrelated).sub_(relative)
    active = short > 0
    short.clamp_min_(0)
    drawn, pushed = relaxed * relative, unrelated.mul_(short)
    slope = torch.sub(drawn, pushed).mul_(2)
    each = drawn.mul_(relative).add_(pushed.mul_(short))
    return each, slope, active


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
        across, far, wide = self._block(a, b, _columns(of_a, has_b), itself=True)
        within_a, near_a, n_a = self._block(a, a, _columns(of_a, has_a), itself=False)
        within_b, near_b, n_b = self._block(b, b, _columns(of_b, has_b), itself=False)
        self.active_share = float(far + near_a + near_b) / max(wide + n_a + n_b, 1)
        return (across / max(wide, 1) + (within_a + within_b) / max(n_a + n_b, 1)) / 2

    def _block(
        self, x: Tensor, y: Tensor, relaxed: Tensor, *, itself: bool
    ) -> tuple[Tensor, Tensor, int]:
        """Sum of the entries, how many lie within their margin, and how many there are."""
        total, active = _Summed.apply(  # type: ignore[no-untyped-call]
            x, y, relaxed, self.margin, itself
        )
        return total, active, relaxed.numel() - (0 if itself else len(x))


def _rows(values: Tensor, mask: Tensor | None) -> Tensor:
    return values if mask is None else values[mask]


def _columns(values: Tensor, mask: Tensor | None) -> Tensor:
    return values if mask is None else values[:, mask]


class _Summed(torch.autograd.Function):
    """The sum over a block's entries, with its gradient found along the way.

    Left to itself, autograd takes three times as long: it keeps and visits some twenty matrices
    of the block's size.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, y: Tensor, relaxed: Tensor, margin: float, itself: bool
    ) -> tuple[Tensor, Tensor]:
        """The sum, and the number of entries within their margin."""
        # From differences of squares, not cdist: its gradient is not defined where rows meet.
        distance = torch.mm(x, y.T).mul_(-2)
        distance.add_(x.square().sum(dim=1)[:, None]).add_(y.square().sum(dim=1))
        apart = distance > 0
        distance.clamp_min_(0).add_(_TINY).sqrt_()
        entries = max(distance.numel() - (0 if itself else len(x)), 1)
        mean = (_total(distance, diagonal=itself) / entries).clamp_min(_TINY)
        each, slope, active = contrast(distance / mean, relaxed, margin)
        if not itself:
            slope.fill_diagonal_(0)
        total = _total(each, diagonal=itself)
        count = _total(active.to(total), diagonal=itself)
        # d̃ = d / m: an entry's own distance, and all distances through their mean.
        by_mean = (slope * distance).sum() / (mean * entries)
        pull = slope.sub_(by_mean).div_(mean).div_(distance).mul_(apart)
        if not itself:
            pull.fill_diagonal_(0)
        ctx.save_for_backward(x, y, pull)
        ctx.mark_non_differentiable(count)
        return total, count

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        x, y, pull = ctx.saved_tensors
        of_x = pull.sum(dim=1)[:, None] * x - pull @ y
        of_y = pull.sum(dim=0)[:, None] * y - pull.T @ x
        return outer * of_x, outer * of_y, None, None, None


def _total(values: Tensor, *, diagonal: bool) -> Tensor:
    """The sum of `values` `[k, k]`, with or without the diagonal; cheaper than a mask."""
    return values.sum() if diagonal else values.sum() - values.diagonal().sum()
