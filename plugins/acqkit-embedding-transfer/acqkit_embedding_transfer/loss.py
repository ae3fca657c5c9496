"""The soft contrastive loss with relaxed labels and relaxed margins, usable on its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_TINY = 1e-8


def contrast(relative: Tensor, relaxed: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """w̃·d̃² + (1 - w̃)·max(0, δ - d̃)² and δ - d̃, entry by entry, with δ = margin·(1 - w̃).

    relative distances d̃ and relaxed labels w̃ in [0, 1] of any one shape. An unrelated entry
    (w̃ = 0) beyond its margin has exactly no gradient; a hard label 1 is drawn in, 0 pushed out.
    """
    short = margin * (1 - relaxed) - relative
    each = relaxed * relative.square() + (1 - relaxed) * short.clamp_min(0).square()
    return each, short


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
        rows_a, rows_b = (
            torch.arange(len(a), device=a.device) if mask is None else mask.nonzero()[:, 0]
            for mask in present
        )
        a, b = a[rows_a], b[rows_b]
        blocks = [
            self._block(a, b, relaxed[rows_a][:, rows_b], itself=True),
            self._block(a, a, relaxed[rows_a][:, rows_a], itself=False),
            self._block(b, b, relaxed[rows_b][:, rows_b], itself=False),
        ]
        (across, far, wide), (within_a, near_a, n_a), (within_b, near_b, n_b) = blocks
        self.active_share = float(far + near_a + near_b) / max(wide + n_a + n_b, 1)
        return (across / max(wide, 1) + (within_a + within_b) / max(n_a + n_b, 1)) / 2

    def _block(
        self, x: Tensor, y: Tensor, relaxed: Tensor, *, itself: bool
    ) -> tuple[Tensor, Tensor, int]:
        """Sum of the entries, how many lie within their margin, and how many there are."""
        # From differences of squares, not cdist: its gradient is not defined where rows meet.
        squared = x.square().sum(dim=1)[:, None] + y.square().sum(dim=1)[None, :] - 2 * x @ y.T
        distance = (squared.clamp_min(0) + _TINY).sqrt()
        entries = distance.numel() - (0 if itself else len(x))
        mean = _total(distance, diagonal=itself) / max(entries, 1)
        each, short = contrast(distance / mean.clamp_min(_TINY), relaxed, self.margin)
        active = _total((short > 0).float(), diagonal=itself)
        return _total(each, diagonal=itself), active, entries


def _total(values: Tensor, *, diagonal: bool) -> Tensor:
    """The sum of `values` `[k, k]`, with or without the diagonal; cheaper than a mask."""
    return values.sum() if diagonal else values.sum() - values.diagonal().sum()
