"""How much two pairs belong together: known labels, softened by what the source sees."""

from __future__ import annotations

import torch
from torch import Tensor


def source_similarity(features: Tensor, bandwidth: float) -> Tensor:
    """w_ij = exp(-‖f_i - f_j‖² / σ) `[k, k]` of the source's features `[k, d]`.

    σ = bandwidth · mean squared distance of two different rows, so that it means the same
    whatever the source's scale. Source: doi 10.1016/j.ins.2025.121974.
    """
    k, squares = len(features), features.square().sum(dim=1)
    both = squares[:, None] + squares
    squared = torch.addmm(both, features, features.T, alpha=-2).clamp_min_(0)
    mean = squared.sum() / max(k * (k - 1), 1)
    return squared.div_(-(bandwidth * mean).clamp_min(1e-12)).exp_().fill_diagonal_(1.0)


def relaxed_labels(
    similarity: Tensor, agreement: Tensor, known: Tensor, label_share: float
) -> Tensor:
    """w̃_ij = ω·y_ij + (1 - ω)·w_ij where both labels are known, else w_ij; `[k, k]`.

    similarity w and agreement y are `[k, k]` in [0, 1], known `[k]` bool; ω = `label_share`: 1
    gives hard labels, 0 the source alone. The diagonal is 1: a pair belongs to itself.
    Source: doi 10.1016/j.ins.2025.121974.
    """
    known = known.to(similarity)
    weight = torch.outer(label_share * known, known)
    return torch.lerp(similarity, agreement, weight).fill_diagonal_(1.0)
