"""What a classifier says of a Gaussian embedding, and entropies of class probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False, slots=True)
class Predictive:
    """What the classifier says of a Gaussian embedding.

    probabilities `[k, c]` = E_z p(y|z); expected_entropy `[k]` = E_z H(p(y|z)), in nats.
    """

    probabilities: Tensor
    expected_entropy: Tensor


def categorical_entropy(probabilities: Tensor) -> Tensor:
    """H(p) over the last dimension, in nats; 0·log 0 = 0."""
    entropy: Tensor = torch.special.entr(probabilities).sum(dim=-1)
    return entropy


def bernoulli_entropy(probabilities: Tensor) -> Tensor:
    """Sum over classes of the entropies of independent decisions, in nats."""
    # The weights of a quadrature may add up to slightly more than 1.
    unlikely = (1 - probabilities).clamp_min_(0)
    return categorical_entropy(probabilities) + categorical_entropy(unlikely)
