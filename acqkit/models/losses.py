"""The losses that trainers are made of, usable on their own."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from acqkit.models.outputs import Outputs

_LEAST_WEIGHT = 1e-4
"""Least weight of a negative in `pairing_loss`, so that its logarithm is finite (-9.2)."""


def classification_loss(logits: Tensor, labels: Tensor, *, multilabel: bool) -> Tensor:
    """Cross-entropy of class logits `[k, c]` against label rows `[k, c]` of 0 and 1; a scalar.

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
    1 - likeness_ij, so that pairs which likely share classes are not pushed apart. The
    diagonal is ignored.
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


def classification_of(outputs: Outputs, labels: Tensor, *, multilabel: bool) -> Tensor:
    """Classification loss of `k` labeled pairs by both modalities' logits; a scalar.

    labels `[k, c]` float 0/1. Mean over the pairs and both modalities, an absent one counts as
    0. See `classification_loss`.
    """
    losses = []
    for logits, present in zip(outputs.logits, outputs.present, strict=True):
        if present is None:
            losses.append(classification_loss(logits, labels, multilabel=multilabel))
        else:
            seen = classification_loss(logits[present], labels[present], multilabel=multilabel)
            losses.append(seen * (present.sum() / len(present)))
    return torch.stack(losses).mean()


def belief_classification_of(
    outputs: Outputs, beliefs: Tensor, weights: Tensor, *, multilabel: bool
) -> Tensor:
    """Classification loss of `k` pairs on soft targets such as pseudo-labels; a scalar.

    beliefs `[k, c]`: class probabilities to learn. weights: `[k, 1]` of the pairs, or `[k, c]`
    of single classes if multi-label; 0 leaves one out. Mean over all `k` pairs and both
    modalities, an absent one counts as 0. Binary cross-entropies are summed over classes.
    """
    losses = []
    for logits, present in zip(outputs.logits, outputs.present, strict=True):
        if multilabel:
            each = functional.binary_cross_entropy_with_logits(logits, beliefs, reduction="none")
        else:
            each = -beliefs * functional.log_softmax(logits, dim=1)
        per_pair = (weights * each).sum(dim=1)
        losses.append((per_pair if present is None else per_pair * present).mean())
    return torch.stack(losses).mean()
