"""Supervised contrastive learning: pairs of one class attract each other."""

from __future__ import annotations

import torch
from torch import Tensor

from acqkit.models.network import Outputs


def same_class_loss(outputs: Outputs, labels: Tensor, temperature: float) -> Tensor:
    """Supervised contrastive loss over the unit features of labeled pairs; a scalar.

    Every present modality of every pair is an anchor, all others are its candidates, and its
    positives are those that share a label, each by the Jaccard index of the two label sets
    (1 or 0 if single-label). labels `[k, c]`. Mean over the anchors that have a positive,
    0 where there is none.

    Source: Khosla et al. 2020, "Supervised contrastive learning", eq. 2; across modalities.
    """
    masks = [
        torch.ones(len(labels), dtype=torch.bool, device=labels.device) if mask is None else mask
        for mask in outputs.present
    ]
    features = torch.cat([f[mask] for f, mask in zip(outputs.features, masks, strict=True)])
    rows = torch.cat([labels[mask] for mask in masks])
    itself = torch.eye(len(rows), dtype=torch.bool, device=rows.device)
    weights = jaccard(rows).masked_fill(itself, 0.0)
    total = weights.sum(dim=1)
    if len(rows) < 2 or not bool((total > 0).any()):
        return features.sum() * 0
    similarity = (features @ features.T / temperature).masked_fill(itself, float("-inf"))
    log_p = torch.log_softmax(similarity, dim=1).masked_fill(itself, 0.0)
    each = -(weights * log_p).sum(dim=1) / total.clamp_min(1e-12)
    return each[total > 0].mean()


def jaccard(labels: Tensor) -> Tensor:
    """Shared classes as a share of all classes of two pairs, `[k, k]`; 0 for two without any."""
    shared = labels @ labels.T
    sizes = labels.sum(dim=1)
    return shared / (sizes[:, None] + sizes[None, :] - shared).clamp_min(1.0)
