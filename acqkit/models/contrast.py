"""Supervised contrastive learning: pairs of one class attract each other."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from acqkit.models.outputs import Outputs

_EXCLUDED = -1e9
"""Logit of a candidate that is left out: exp(-1e9) is 0. Finite, since 0 · -inf is no number."""


def same_class_loss(outputs: Outputs, labels: Tensor, temperature: float) -> Tensor:
    """Supervised contrastive loss over the unit features of labeled pairs; a scalar.

    Every present modality of every pair is an anchor, all others are its candidates, and its
    positives are those that share a label, each by the Jaccard index of the two label sets
    (1 or 0 if single-label). labels `[k, c]`. Mean over the anchors that have a positive,
    0 where there is none.

    Source: Khosla et al. 2020, "Supervised contrastive learning", eq. 2; across modalities.
    """
    features = torch.cat(
        [_present(f, mask) for f, mask in zip(outputs.features, outputs.present, strict=True)]
    )
    rows = torch.cat([_present(labels, mask) for mask in outputs.present])
    weights = jaccard(rows).fill_diagonal_(0)
    total = weights.sum(dim=1, keepdim=True)
    # The weights of an anchor without a positive are all 0, so that it adds nothing.
    weights /= total.clamp_min(1e-12) * (total > 0).sum().clamp_min(1)
    similarity: Tensor = _Gram.apply(features)  # type: ignore[no-untyped-call]
    similarity = similarity / temperature
    # An anchor is not its own candidate.
    log_probabilities = similarity.fill_diagonal_(_EXCLUDED).log_softmax(dim=1)
    return -torch.dot(weights.flatten(), log_probabilities.flatten())


def jaccard(labels: Tensor) -> Tensor:
    """Shared classes as a share of all classes of two pairs, `[k, k]`, of labels `[k, c]` 0/1.

    1 or 0 for single-label pairs; 0 for two pairs without any class.
    """
    shared = labels @ labels.T
    sizes = labels.sum(dim=1)
    return shared / (sizes[:, None] + sizes).sub_(shared).clamp_min(1.0)


class _Gram(torch.autograd.Function):
    """`x @ x.T` with one product in its gradient, where autograd's own has two."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x @ x.T

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        both: Tensor = (outer + outer.T) @ x
        return both


def _present(rows: Tensor, mask: Tensor | None) -> Tensor:
    return rows if mask is None else rows[mask]
