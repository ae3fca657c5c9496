"""Class probabilities and entropies of a Gaussian embedding, integrated in logit space.

For z ~ N(μ, diag v) and logits Wz + c the logits are Gaussian with mean Wμ + c and covariance
W diag(v) Wᵀ. Sigmoids need only the variances Σ_d W²v: Gauss-Hermite quadrature per class,
deterministic. The softmax needs the covariance: quasi-random normal points, the same for every
pair, are multiplied by a factor of it, and no embedding is ever drawn.

Variances are `[k, d]`, or `[k, 1]` where one number holds for all dimensions.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from acqkit.embeddings import LinearClassifier
from acqkit.models import as_tensor
from acqkit_ascmr import fast
from acqkit_ascmr.points import sobol_normal
from acqkit_ascmr.predictive import Predictive

_WIDTHS = (3, 7, 15, 31, 63)
"""Numbers of classes, after the most probable one, whose logits vary in an integral.

A pair takes the smallest that holds all its classes within reach, which is at most about twice
as many as it needs; more than 63 would cost much and matter little.
"""
_OUT_OF_REACH = -9.0
"""Log-odds to the most probable class below which a class enters with its mean logit: two standard
deviations of noise do not make it as probable as a ten-thousandth (e⁻⁹) of the first."""
_FACTORED = 2048
"""Pairs whose covariances are factored at a time: 31 MiB of them at most."""
_CHUNK = 1 << 18
"""Logits held at a time, 1 MiB: what stays in the cache."""
_LARGE_CHUNK = 1 << 25
"""The same on a GPU, 128 MiB: enough work for a call."""


class SigmoidIntegral:
    """Independent sigmoids: one-dimensional Gauss-Hermite quadrature a class."""

    def __init__(self, classifier: LinearClassifier, nodes: int, device: str = "cpu") -> None:
        self._weight = as_tensor(classifier.weight, device)
        self._bias = as_tensor(classifier.bias, device)
        points, weights = np.polynomial.hermite_e.hermegauss(nodes)
        self._points = points.astype(np.float32).tolist()
        self._weights = (weights / weights.sum()).astype(np.float32).tolist()

    def __call__(self, mean: Tensor, variance: Tensor) -> Predictive:
        """Integrate over N(mean, diag variance): mean `[k, d]`, variance `[k, d]` or `[k, 1]`."""
        center = torch.addmm(self._bias, mean, self._weight.T)
        spread = logit_variance(variance, self._weight).clamp_min_(0).sqrt_()
        probabilities = torch.zeros_like(center)
        entropy = center.new_zeros(len(center))
        for point, weight in zip(self._points, self._weights, strict=True):
            logits = torch.add(center, spread, alpha=point)
            p = torch.sigmoid(logits)
            probabilities.add_(p, alpha=weight)
            # H(σ(l)) = softplus(l) − l·σ(l), which stays exact where σ(l) rounds to 0 or 1.
            pointwise = torch.nn.functional.softplus(logits) - logits * p
            entropy.add_(pointwise.sum(dim=1), alpha=weight)
        return Predictive(probabilities, entropy)


class SoftmaxIntegral:
    """The softmax: quasi-random points in logit space, the same for every pair.

    Only differences l_j − l_0 to a pair's most probable class matter. Their covariance
    (W_j − W_0) diag(v) (W_k − W_0)ᵀ has a Cholesky factor whose first columns belong to the most
    probable classes, and those take the best coordinates of a Sobol sequence. Classes out of
    reach of the first, and all beyond the 63 after it, enter with their mean logits.

    Where one variance a pair makes the directions of the noise common to all pairs, and
    where there are few classes, `fast` does the same for less.
    """

    def __init__(self, classifier: LinearClassifier, points: int, device: str = "cpu") -> None:
        self._weight = as_tensor(classifier.weight, device)
        self._bias = as_tensor(classifier.bias, device)
        self._device = device
        self._points = points
        self._few_classes = len(self._weight) <= fast.MOST_CLASSES

    def __call__(self, mean: Tensor, variance: Tensor) -> Predictive:
        """Integrate over N(mean, diag variance): mean `[k, d]`, variance `[k, d]` or `[k, 1]`."""
        center = torch.addmm(self._bias, mean, self._weight.T)
        if variance.shape[1] == 1 and self._few_classes:
            return self._common_directions(center, variance[:, 0].sqrt())
        return self.in_own_directions(center, variance)

    @functools.cached_property
    def _common_directions(self) -> fast.CommonDirections:
        by_level = self._device == "cpu"
        return fast.CommonDirections(self._weight, self._points, by_level=by_level)

    @functools.cached_property
    def _class_covariances(self) -> fast.ClassCovariances:
        return fast.ClassCovariances(self._weight)

    def in_own_directions(self, center: Tensor, variance: Tensor) -> Predictive:
        """Integrate mean logits `[k, c]` with variances `[k, d]` of the embedding, pair by pair.

        Only what may vary is sorted and has a covariance; of the other classes the exponentials of
        their mean logits are all that is computed.
        """
        k, c = center.shape
        probabilities, entropy = torch.empty_like(center), center.new_empty(k)
        for rows in torch.split(torch.arange(k, device=center.device), _FACTORED):
            ordered, classes = center[rows].topk(min(c, _WIDTHS[-1] + 1), dim=1)
            difference = (ordered - ordered[:, :1])[:, 1:]
            rest = _Rest.of(center[rows] - ordered[:, :1], classes)
            width = _width(difference, self._variances(variance[rows], classes))
            for number in sorted(set(width.tolist())):
                own = (width == number).nonzero()[:, 0]
                varying = classes[own, : min(number, c - 1) + 1]
                covariance = self._covariance(variance[rows[own]], varying)
                p, entropy[rows[own]] = _integrate(
                    difference[own], rest.take(own), _factor(covariance), self._points
                )
                others = rest.odds[own].mul_(p[:, :1])
                probabilities[rows[own]] = others.scatter_(1, classes[own], p)
        return Predictive(probabilities, entropy)

    def _variances(self, variance: Tensor, classes: Tensor) -> Tensor:
        """Of the logits of `classes` `[k, r]`, `[k, r]`."""
        if self._few_classes or variance.shape[1] == 1:
            return logit_variance(variance, self._weight).gather(1, classes)
        return (self._weight.square()[classes] @ variance[:, :, None])[:, :, 0]

    def _covariance(self, variance: Tensor, classes: Tensor) -> Tensor:
        """Of the differences of `classes` `[k, r + 1]` to their first, `[k, r, r]`."""
        if self._few_classes:
            return self._class_covariances(variance, classes)
        return difference_covariance(self._weight, variance, classes)


def difference_covariance(weight: Tensor, variance: Tensor, classes: Tensor) -> Tensor:
    """(W_j − W_0) diag(v) (W_k − W_0)ᵀ `[k, r, r]` of `classes` `[k, r + 1]`, each pair's own."""
    difference = weight[classes[:, 1:]] - weight[classes[:, :1]]
    spread = difference * variance.sqrt()[:, None, :]
    return spread @ spread.mT


def logit_variance(variance: Tensor, weight: Tensor) -> Tensor:
    """Σ_d W²v `[k, c]` for variances `[k, d]`, or `[k, 1]` that hold for all dimensions."""
    squares = weight.square()
    if variance.shape[1] == 1:
        return variance * squares.sum(dim=1)
    return variance @ squares.T


def _width(difference: Tensor, variance: Tensor) -> Tensor:
    """How many of the ordered classes after the first may matter, `[k]`, rounded up to a width.

    difference `[k, c - 1]`, variance `[k, c]` of the logits, in the same order.
    """
    # √(v_j + v_0) is the spread of the difference where the two are independent.
    reach = difference + 2 * (variance[:, 1:] + variance[:, :1]).sqrt()
    places = torch.arange(1, reach.shape[1] + 1, device=reach.device)
    last = (places * (reach > _OUT_OF_REACH)).amax(dim=1)
    widths = torch.tensor(_WIDTHS, device=reach.device)
    return widths[torch.bucketize(last, widths).clamp_max(len(_WIDTHS) - 1)]


def _factor(covariance: Tensor) -> Tensor:
    """Cholesky factors `[k, r, r]`; `covariance` is lifted by a ten-thousandth, in place."""
    diagonal = covariance.diagonal(dim1=1, dim2=2)
    size = diagonal.mean(dim=1, keepdim=True) if diagonal.shape[1] else 0.0
    diagonal += 1e-4 * size + 1e-12
    factor: Tensor = torch.linalg.cholesky_ex(covariance)[0]
    return factor


@dataclass(frozen=True, eq=False, slots=True)
class _Rest:
    """Classes beyond the leading ones: odds `[k, c]` to the first class, of the leading ones 0.

    total and logit `[k]` are the sums of odds, and of odds times log-odds.
    """

    odds: Tensor
    total: Tensor
    logit: Tensor

    @classmethod
    def of(cls, difference: Tensor, leading: Tensor) -> _Rest:
        """Of log-odds `[k, c]` to the first class, but for the `leading` classes `[k, r]`."""
        if leading.shape[1] == difference.shape[1]:
            nothing = difference.new_zeros(len(difference))
            return cls(torch.zeros_like(difference), nothing, nothing)
        odds = difference.exp().scatter_(1, leading, 0.0)
        return cls(odds, odds.sum(dim=1), difference.mul_(odds).sum(dim=1))

    def take(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Total and logit of some rows, `[r, 1]` each."""
        return self.total[rows, None], self.logit[rows, None]


def _integrate(
    difference: Tensor, rest: tuple[Tensor, Tensor], factor: Tensor, points: int
) -> tuple[Tensor, Tensor]:
    """Probabilities `[k, r + 1]` of leading classes, the first class first, and entropies `[k]`.

    difference `[k, r]`: log-odds to the first class. rest: of the classes that do not lead, the sum
    of odds and that of odds times log-odds. The first classes of `difference` vary, as many as
    `factor` `[k, v, v]` has rows. Entropies are expected ones.
    """
    k, others = difference.shape
    noisy = factor.shape[1]
    normal = sobol_normal(points, noisy).to(factor)
    count = normal.shape[1]
    fixed = difference[:, noisy:].exp()
    fixed_total = fixed.sum(dim=1, keepdim=True) + rest[0] + 1.0
    fixed_logit = (fixed * difference[:, noisy:]).sum(dim=1, keepdim=True) + rest[1]
    probabilities, entropy = difference.new_empty(k, others + 1), difference.new_empty(k)
    chunk = _CHUNK if difference.device.type == "cpu" else _LARGE_CHUNK
    size = max(1, chunk // (max(noisy, 1) * count))
    for start in range(0, k, size):
        rows = slice(start, start + size)
        logits = (factor[rows].flatten(0, 1) @ normal).view(-1, noisy, count)
        logits += difference[rows, :noisy, None]
        # The first class is at 0; 80 above it is certain, and its exponential is finite.
        odds = logits.clamp_max_(80.0).exp()
        total = odds.sum(dim=1).add_(fixed_total[rows])
        share = total.reciprocal()
        # H = log Σ exp(l_j) − Σ l_j p_j
        expected_logit = logits.mul_(odds).sum(dim=1).add_(fixed_logit[rows]).mul_(share)
        entropy[rows] = (total.log_() - expected_logit).mean(dim=1).clamp_min_(0)
        first = share.mean(dim=1, keepdim=True)
        probabilities[rows, :1] = first
        probabilities[rows, 1 : noisy + 1] = (odds @ share[:, :, None])[:, :, 0] / count
        probabilities[rows, noisy + 1 :] = fixed[rows] * first
    return probabilities, entropy
