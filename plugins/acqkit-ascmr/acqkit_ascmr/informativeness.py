"""Probabilistic multi-modal informativeness, split into intra- and inter-modality terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from acqkit.embeddings import PairEmbeddings
from acqkit.models import as_tensor
from acqkit_ascmr.predictive import Predictive, bernoulli_entropy, categorical_entropy

Integral = Callable[[Tensor, Tensor], Predictive]


@dataclass(frozen=True, eq=False, slots=True)
class Weights:
    """Mixture weights of a block's modalities `[k]`: ½ and ½, or 1 and 0 where one lacks."""

    a: Tensor
    b: Tensor

    @classmethod
    def of(cls, block: PairEmbeddings, device: torch.device) -> Weights:
        """Equal weights over the modalities that are present."""
        a, b = (
            torch.ones(len(block), device=device)
            if side.present is None
            else as_tensor(side.present.astype("float32"), device)
            for side in block.sides
        )
        total = a + b
        return cls(a / total, b / total)

    def mix(self, a: Tensor, b: Tensor) -> Tensor:
        """wᵃ·a + wᵇ·b for `[k]` or `[k, width]`."""
        if a.ndim == 1:
            return self.a * a + self.b * b
        return self.a[:, None] * a + self.b[:, None] * b


def total_variance(
    block: PairEmbeddings, variance_a: Tensor, variance_b: Tensor
) -> tuple[Tensor, Tensor]:
    """The mixture's total variance as (intra, inter), each `[k, d]` (law of total variance).

    Variances are `[k, d]`, or both `[k, 1]` where one holds for all dimensions, and so is intra.
    intra = ½(vᵃ + vᵇ), inter = ¼(μᵃ − μᵇ)²; where a modality lacks, the other's v and 0.
    """
    device = variance_a.device
    weights = Weights.of(block, device)
    mean_a, mean_b = (as_tensor(side.mean, device).float() for side in block.sides)
    inter = (weights.a * weights.b)[:, None] * (mean_a - mean_b).square()
    return weights.mix(variance_a, variance_b), inter


def information(
    block: PairEmbeddings, predictive_a: Predictive, predictive_b: Predictive
) -> tuple[Tensor, Tensor, Tensor]:
    """(intra, inter, expected entropy), each `[k]`, in nats; all at least 0.

    I(y; z) = I(y; m) + E_m[I(y; z | m)] (chain rule):
    inter = H(½(p̄ᵃ + p̄ᵇ)) − ½(H(p̄ᵃ) + H(p̄ᵇ)),  intra = ½ Σ_m (H(p̄ᵐ) − E_z H(p(y|z, m))).
    """
    entropy = bernoulli_entropy if block.multilabel else categorical_entropy
    weights = Weights.of(block, predictive_a.probabilities.device)
    p_a, p_b = predictive_a.probabilities, predictive_b.probabilities
    entropy_a, entropy_b = entropy(p_a), entropy(p_b)
    inter = entropy(weights.mix(p_a, p_b)) - weights.mix(entropy_a, entropy_b)
    intra = weights.mix(
        entropy_a - predictive_a.expected_entropy, entropy_b - predictive_b.expected_entropy
    )
    expected = weights.mix(predictive_a.expected_entropy, predictive_b.expected_entropy)
    # Both are at least 0 (Jensen); what is below is rounding.
    return intra.clamp_min(0), inter.clamp_min(0), expected
