"""Class probabilities and entropies of a Gaussian embedding, integrated in logit space.

For z ~ N(μ, diag v) and logits Wz + c the logits are Gaussian with mean Wμ + c and covariance
W diag(v) Wᵀ. Sigmoids need only the variances Σ_d W²v, one at a time: Gauss-Hermite
quadrature, deterministic. The softmax needs the covariance: common random numbers ε_s, the
same for every pair, enter through the shared matrices W·diag(ε_s), so that all logits are one
matrix product with √v and no sample of an embedding is ever drawn.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from acqkit.embeddings import LinearClassifier
from acqkit_ascmr.tensors import as_tensor


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
    pointwise: Tensor = torch.special.entr(probabilities) + torch.special.entr(1 - probabilities)
    return pointwise.sum(dim=-1)


class SigmoidIntegral:
    """Independent sigmoids: one-dimensional Gauss-Hermite quadrature a class."""

    def __init__(self, classifier: LinearClassifier, nodes: int) -> None:
        self._weight = as_tensor(classifier.weight)
        self._bias = as_tensor(classifier.bias)
        points, weights = np.polynomial.hermite_e.hermegauss(nodes)
        self._points = points.astype(np.float32).tolist()
        self._weights = (weights / weights.sum()).astype(np.float32).tolist()

    def __call__(self, mean: Tensor, variance: Tensor) -> Predictive:
        """Integrate over N(mean, diag variance), both `[k, d]`."""
        center = torch.addmm(self._bias, mean, self._weight.T)
        spread = (variance @ self._weight.square().T).clamp_min_(0).sqrt_()
        probabilities = torch.zeros_like(center)
        entropy = torch.zeros(len(center))
        for point, weight in zip(self._points, self._weights, strict=True):
            logits = torch.add(center, spread, alpha=point)
            p = torch.sigmoid(logits)
            probabilities.add_(p, alpha=weight)
            # H(σ(l)) = softplus(l) − l·σ(l), which stays exact where σ(l) rounds to 0 or 1.
            pointwise = torch.nn.functional.softplus(logits) - logits * p
            entropy.add_(pointwise.sum(dim=1), alpha=weight)
        return Predictive(probabilities, entropy)


class SoftmaxIntegral:
    """The softmax: common random numbers, antithetic and orthogonal, in one matrix product."""

    def __init__(self, classifier: LinearClassifier, samples: int) -> None:
        self._weight = as_tensor(classifier.weight)
        self._bias = as_tensor(classifier.bias)
        noise = common_noise(max(1, samples // 2), self._weight.shape[1])
        directions = noise[:, None, :] * self._weight[None]
        self._directions = directions.reshape(-1, self._weight.shape[1]).T.contiguous()

    def __call__(self, mean: Tensor, variance: Tensor) -> Predictive:
        """Integrate over N(mean, diag variance), both `[k, d]`."""
        k, c = len(mean), len(self._weight)
        center = torch.addmm(self._bias, mean, self._weight.T)[:, None, :]
        offsets = (variance.sqrt() @ self._directions).view(k, -1, c)
        probabilities = torch.zeros(k, c)
        entropy = torch.zeros(k)
        for sign in (1.0, -1.0):
            log_p = torch.log_softmax(torch.add(center, offsets, alpha=sign), dim=2)
            p = log_p.exp()
            probabilities += p.sum(dim=1)
            entropy -= log_p.mul_(p).sum(dim=(1, 2))
        count = 2 * offsets.shape[1]
        return Predictive(probabilities / count, entropy / count)


@functools.lru_cache(maxsize=8)
def common_noise(directions: int, dim: int) -> Tensor:
    """Standard normal directions `[directions, dim]`, orthogonal in groups of `dim`.

    Orthogonal directions with independent chi lengths are marginally Gaussian and cover the
    space better than independent ones (Yu et al. 2016). The same in every process.
    """
    rng = np.random.default_rng(20_250)
    blocks = []
    for _ in range(math.ceil(directions / dim)):
        basis, _ = np.linalg.qr(rng.standard_normal((dim, dim)))
        lengths = np.sqrt(rng.chisquare(dim, size=(dim, 1)))
        blocks.append(basis * lengths)
    noise = np.concatenate(blocks)[:directions]
    # E|ε|² = dim holds exactly for the set, so that no pair's spread is over- or understated.
    noise *= math.sqrt(dim * directions / float((noise**2).sum()))
    return torch.from_numpy(noise.astype(np.float32))
