"""The two losses that learn from beliefs, usable on their own."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from acqkit.models.network import Outputs

_LEAST = 1e-4


def belief_loss(outputs: Outputs, beliefs: Tensor, trust: Tensor, *, multilabel: bool) -> Tensor:
    """Cross-entropy of both modalities' class logits with what is believed, a scalar.

    beliefs `[k, c]` class probabilities, trust `[k]` weights of the pairs: 0 leaves one out.
    Multi-label: binary cross-entropies summed over classes. Mean over the `k` pairs and both
    modalities; an absent one contributes nothing.
    """
    losses = []
    for logits, present in zip(outputs.logits, outputs.present, strict=True):
        if multilabel:
            each = functional.binary_cross_entropy_with_logits(logits, beliefs, reduction="none")
            each = each.sum(dim=1)
        else:
            each = functional.cross_entropy(logits, beliefs, reduction="none")
        weight = trust if present is None else trust * present
        losses.append((each * weight).mean())
    return torch.stack(losses).mean()


def discounted_pairing_loss(
    a: Tensor, b: Tensor, likeness: Tensor | None, temperature: float
) -> Tensor:
    """Symmetric InfoNCE in which likely relatives count less as negatives; a scalar.

    Row i of `a` `[k, d]` belongs to row i of `b` `[k, d]`. Another pair j enters i's softmax
    with weight 1 - likeness_ij: the more likely two pairs share classes, the less they are
    pushed apart. likeness `[k, k]` in [0, 1], symmetric, its diagonal is not looked at; None is
    no likeness at all, the usual loss. 0 for fewer than two pairs.
    """
    if len(a) < 2:
        return (a.sum() + b.sum()) * 0
    similarity = functional.normalize(a, dim=1) @ functional.normalize(b, dim=1).T / temperature
    if likeness is not None:
        discount = (1 - likeness).clamp_min(_LEAST).log()
        similarity = similarity + discount.fill_diagonal_(0)
    partner = torch.arange(len(a), device=a.device)
    return (
        functional.cross_entropy(similarity, partner)
        + functional.cross_entropy(similarity.T, partner)
    ) / 2
