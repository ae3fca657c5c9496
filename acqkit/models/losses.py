"""The losses that trainers are made of, usable on their own."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_LEAST_WEIGHT = 1e-4


def classification_loss(logits: Tensor, labels: Tensor, *, multilabel: bool) -> Tensor:
    """How badly class logits `[k, c]` explain label rows `[k, c]` of 0 and 1; a scalar.

    Single-label: softmax cross-entropy. Multi-label: binary cross-entropy, summed over
    classes, so that one pair weighs alike in both. Mean over the `k` pairs, 0 for none.
    """
    if len(logits) == 0:
        return logits.sum()
    if multilabel:
        each = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
        return each.sum(dim=1).mean()
    return functional.cross_entropy(logits, labels.argmax(dim=1))


def pairing_loss(
    a: Tensor, b: Tensor, temperature: float, likeness: Tensor | None = None
) -> Tensor:
    """Symmetric InfoNCE: row i of `a` `[k, d]` belongs to row i of `b` `[k, d]`; a scalar.

    Mean over both directions of the cross-entropy of finding the partner among the `k`
    candidates by softmax(cosine / temperature). Source: van den Oord et al. 2018, eq. 4;
    symmetric as in CLIP (Radford et al. 2021, figure 3). 0 for fewer than two pairs.

    likeness `[k, k]` in [0, 1], symmetric: candidate j enters i's softmax with the weight
    1 - likeness_ij, so that pairs which likely share classes are not pushed apart. Its
    diagonal is not looked at.
    """
    if len(a) < 2:
        return (a.sum() + b.sum()) * 0
    similarity = functional.normalize(a, dim=1) @ functional.normalize(b, dim=1).T / temperature
    if likeness is not None:
        discount = (1 - likeness).clamp_min(_LEAST_WEIGHT).log()
        similarity = similarity + discount.fill_diagonal_(0)
    partner = torch.arange(len(a), device=a.device)
    return (
        functional.cross_entropy(similarity, partner)
        + functional.cross_entropy(similarity.T, partner)
    ) / 2
