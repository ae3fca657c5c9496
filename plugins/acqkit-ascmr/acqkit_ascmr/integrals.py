"""Class probabilities and entropies of a Gaussian embedding, integrated in logit space.

For z ~ N(μ, diag v) and logits Wz + c the logits are Gaussian with mean Wμ + c and covariance
W diag(v) Wᵀ. Sigmoids need only the variances Σ_d W²v, one at a time: Gauss-Hermite
quadrature, deterministic. The softmax needs the covariance: quasi-random normal points, the
same for every pair, enter through a factor of it, and no embedding is ever drawn.

Variances are `[k, d]`, or `[k, 1]` where one number holds for all dimensions: then pairs differ
only in how far the same directions reach, and one factor serves them all.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from acqkit.embeddings import LinearClassifier
from acqkit_ascmr.tensors import as_tensor

_WIDTHS = (3, 7, 15, 31, 63)
"""Numbers of classes whose logits vary; the others are too improbable to matter."""
_OUT_OF_REACH = -9.0
"""Log-odds to the first class that a class must come near to vary."""
_FACTORED = 2048
_CHUNK = 1 << 18
"""Pairs factored, and numbers held, at a time: what stays in the cache."""
_STEP = 1 / 32
"""Of the logarithm of a spread, between two for which integrals are computed."""
_LEVELS = 512
"""Such spreads whose noise is kept."""
_LEAST_SPREAD = 1e-12
_NARROW, _WIDEST = 60.0, 600.0
"""Differences of logits whose exponentials float32 and float64 hold; wider noise is cut off."""
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, eq=False, slots=True)
class Predictive:
    """What the classifier says of a Gaussian embedding.

    probabilities `[k, c]` = E_z p(y|z); expected_entropy `[k]` = E_z H(p(y|z)), in nats.
    """

    probabilities: Tensor
    expected_entropy: Tensor


def categorical_entropy(probabilities: Tensor) -> Tensor:
    """H(p) over the last dimension, in nats; 0·log 0 = 0."""
    return _surprise(probabilities).sum(dim=-1)


def bernoulli_entropy(probabilities: Tensor) -> Tensor:
    """Sum over classes of the entropies of independent decisions, in nats."""
    # Weights of a quadrature may add up to a rounding error more than 1.
    return (_surprise(probabilities) + _surprise((1 - probabilities).clamp_min_(0))).sum(dim=-1)


def _surprise(p: Tensor) -> Tensor:
    """−p log p elementwise, in a fifth of the time of `torch.special.entr`.

    The logarithm is kept from 0, which p then multiplies away.
    """
    return p.clamp_min(torch.finfo(p.dtype).tiny).log_().mul_(p).neg_()


class SigmoidIntegral:
    """Independent sigmoids: one-dimensional Gauss-Hermite quadrature a class."""

    def __init__(self, classifier: LinearClassifier, nodes: int) -> None:
        self._weight = as_tensor(classifier.weight)
        self._bias = as_tensor(classifier.bias)
        points, weights = np.polynomial.hermite_e.hermegauss(nodes)
        self._points = points.astype(np.float32).tolist()
        self._weights = (weights / weights.sum()).astype(np.float32).tolist()

    def __call__(self, mean: Tensor, variance: Tensor) -> Predictive:
        """Integrate over N(mean, diag variance): mean `[k, d]`, variance `[k, d]` or `[k, 1]`."""
        center = torch.addmm(self._bias, mean, self._weight.T)
        spread = logit_variance(variance, self._weight).clamp_min_(0).sqrt_()
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


@dataclass(frozen=True, eq=False, slots=True)
class _Noise:
    """Noise of logits that all pairs share, and what of their integrals depends on it alone.

    exp(l_j) is a product of what the pair and of what the point contributes, so that sums over
    classes and points are matrix products: factor `[c, points]` is exp(noise − largest), sums
    `[points, 2c]` are the factor and the factor times the noise, largest `[points]`.
    """

    spread: float
    factor: Tensor
    sums: Tensor
    largest: Tensor

    @classmethod
    def of(cls, directions: Tensor, spread: float) -> _Noise:
        """`spread` times the directions `[c, points]`."""
        noise = directions.double()
        reach = float((noise.amax(dim=0) - noise.amin(dim=0)).max())
        noise = min(spread, _WIDEST / max(reach, 1e-30)) * noise
        # No sum is less than exp(-reach) of what it could be.
        noise = noise if spread * reach > _NARROW else noise.float()
        largest = noise.amax(dim=0)
        factor = (noise - largest).exp_()
        return cls(spread, factor, torch.cat([factor, factor * noise]).T.contiguous(), largest)

    def integral(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities `[k, c]` and expected entropies `[k]` for mean logits `[k, c]`.

        The largest of each row is 0.
        """
        count = len(self.largest)
        logits = logits.to(self.factor)
        odds = logits.exp()
        probabilities, entropy = torch.empty_like(odds), torch.empty(len(odds)).to(odds)
        for rows in _slices(len(odds), _CHUNK // count):
            total = odds[rows] @ self.factor
            by_class, by_noise = (total.reciprocal() @ self.sums / count).chunk(2, dim=1)
            own = probabilities[rows] = odds[rows] * by_class
            # H = log Σ exp(l_j) − Σ l_j p_j, and l is linear in the noise.
            expected_logit = (logits[rows] * own + odds[rows] * by_noise).sum(dim=1)
            entropy[rows] = total.log_().mean(dim=1) + self.largest.mean() - expected_logit
        return probabilities.float(), entropy.clamp_min_(0).float()


class SoftmaxIntegral:
    """The softmax: quasi-random points in logit space, the same for every pair.

    With variances `[k, 1]` the covariance is v·WWᵀ: the directions of its factor are common to
    all pairs. With variances `[k, d]` only differences l_j − l_0 to the pair's most probable
    class matter; their covariance S = (W_j − W_0) diag(v) (W_k − W_0)ᵀ has a Cholesky factor
    whose first columns belong to the most probable classes, and those take the best
    coordinates of a Sobol sequence. Classes out of reach of the first, and all beyond the 63
    after it, enter with their mean logits.
    """

    def __init__(self, classifier: LinearClassifier, points: int) -> None:
        self._weight = as_tensor(classifier.weight)
        self._bias = as_tensor(classifier.bias)
        self._points = points
        self._noise = functools.lru_cache(maxsize=_LEVELS)(self._noise_at)

    def __call__(self, mean: Tensor, variance: Tensor) -> Predictive:
        """Integrate over N(mean, diag variance): mean `[k, d]`, variance `[k, d]` or `[k, 1]`."""
        center = torch.addmm(self._bias, mean, self._weight.T)
        if variance.shape[1] == 1 and len(self._weight) <= _WIDTHS[-1]:
            return self._in_common_directions(center, variance[:, 0].sqrt())
        return self._in_own_directions(center, variance.expand(mean.shape))

    def _in_common_directions(self, center: Tensor, spread: Tensor) -> Predictive:
        """For logits `center` `[k, c]` + `spread` `[k]` times the noise of `_directions`.

        Linearly between the two spreads of a geometric grid that are next to a pair's own.
        """
        level = (spread.clamp_min(_LEAST_SPREAD).log() / _STEP).floor().numpy()
        # Numbers of 16 bits are sorted in a tenth of the time; -885 to 1,420 are all that the
        # logarithms of float32 variances come to.
        by_level = np.argsort(level.astype(np.int16), kind="stable")
        order = torch.from_numpy(by_level)
        logits = (center - center.amax(dim=1, keepdim=True))[order]
        level, spread = level[by_level], spread[order]
        probabilities, entropy = torch.empty_like(logits), torch.empty(len(logits))
        starts = np.flatnonzero(np.diff(level, prepend=np.nan))
        for start, end in zip(starts, [*starts[1:], len(level)], strict=True):
            rows, number = slice(start, end), float(level[start])
            low, high = (self._noise(each) for each in (number, number + 1))
            share = (spread[rows] - low.spread) / (high.spread - low.spread)
            below, above = low.integral(logits[rows]), high.integral(logits[rows])
            probabilities[rows] = torch.lerp(below[0], above[0], share[:, None])
            entropy[rows] = torch.lerp(below[1], above[1], share)
        back = torch.empty_like(order)
        back[order] = torch.arange(len(order))
        return Predictive(probabilities[back], entropy[back])

    def _noise_at(self, level: float) -> _Noise:
        return _Noise.of(self._directions, math.exp(_STEP * level))

    @functools.cached_property
    def _directions(self) -> Tensor:
        """Noise of the logits `[c, points]` for variances of 1, without what all of them share."""
        centered = (self._weight - self._weight.mean(dim=0)).double()
        left, sizes, _ = torch.linalg.svd(centered, full_matrices=False)
        rank = int((sizes > 1e-6 * sizes[0]).sum())
        factor = left[:, :rank] * sizes[:rank]
        noise: Tensor = factor @ sobol_normal(self._points, rank).double()
        return noise.float()

    def _in_own_directions(self, center: Tensor, variance: Tensor) -> Predictive:
        k, c = center.shape
        probabilities, entropy = torch.zeros(k, c), torch.zeros(k)
        own_variance = logit_variance(variance, self._weight)
        for rows in torch.split(torch.arange(k), _FACTORED):
            ordered, classes = center[rows].sort(dim=1, descending=True, stable=True)
            difference = (ordered - ordered[:, :1])[:, 1:]
            width = _width(difference, own_variance[rows].gather(1, classes))
            for number in sorted(set(width.tolist())):
                own = (width == number).nonzero()[:, 0]
                covariance = self._covariance(
                    variance[rows[own]], classes[own, : min(number, c - 1) + 1]
                )
                p, entropy[rows[own]] = _integrate(
                    difference[own], _factor(covariance), self._points
                )
                probabilities[rows[own]] = torch.zeros(len(own), c).scatter_(1, classes[own], p)
        return Predictive(probabilities, entropy)

    def _covariance(self, variance: Tensor, classes: Tensor) -> Tensor:
        """Of the differences of `classes` `[k, r + 1]` to their first, `[k, r, r]`."""
        c, r = len(self._weight), classes.shape[1] - 1
        if c <= _WIDTHS[-1]:
            flat = (variance @ self._products).gather(
                1, (classes[:, :, None] * c + classes[:, None, :]).flatten(1)
            )
            full = flat.view(-1, r + 1, r + 1)
        else:
            spread = self._weight[classes] * variance.sqrt()[:, None, :]
            full = spread @ spread.mT
        # In place, since `full` is this call's own: fresh memory costs more than the sums.
        to_first = (full[:, 1:, :1] - 0.5 * full[:, :1, :1]).contiguous()
        return full[:, 1:, 1:].sub_(to_first).sub_(to_first.mT)

    @functools.cached_property
    def _products(self) -> Tensor:
        """W_jd·W_kd as `[d, c²]`, so that all covariances W diag(v) Wᵀ are one product."""
        centered = self._weight - self._weight.mean(dim=0)
        return (centered[:, None] * centered[None]).flatten(0, 1).T.contiguous()


def logit_variance(variance: Tensor, weight: Tensor) -> Tensor:
    """Σ_d W²v `[k, c]` for variances `[k, d]`, or `[k, 1]` that hold for all dimensions."""
    squares = weight.square()
    if variance.shape[1] == 1:
        return variance * squares.sum(dim=1)
    return variance @ squares.T


def _slices(rows: int, size: int) -> Iterator[slice]:
    for start in range(0, rows, max(1, size)):
        yield slice(start, start + max(1, size))


def _width(difference: Tensor, variance: Tensor) -> Tensor:
    """How many of the ordered classes after the first may matter, `[k]`, rounded up to a width.

    difference `[k, c - 1]`, variance `[k, c]` of the logits, in the same order.
    """
    # √(v_j + v_0) is the spread of the difference where the two are independent.
    reach = difference + 2 * (variance[:, 1:] + variance[:, :1]).sqrt()
    places = torch.arange(1, reach.shape[1] + 1)
    last = (places * (reach > _OUT_OF_REACH)).amax(dim=1)
    widths = torch.tensor(_WIDTHS)
    return widths[torch.bucketize(last, widths).clamp_max(len(_WIDTHS) - 1)]


def _factor(covariance: Tensor) -> Tensor:
    """Cholesky factors `[k, r, r]`; `covariance` is lifted by a ten-thousandth, in place."""
    diagonal = covariance.diagonal(dim1=1, dim2=2)
    size = diagonal.mean(dim=1, keepdim=True) if diagonal.shape[1] else 0.0
    diagonal += 1e-4 * size + 1e-12
    factor: Tensor = torch.linalg.cholesky_ex(covariance)[0]
    return factor


def _integrate(difference: Tensor, factor: Tensor, points: int) -> tuple[Tensor, Tensor]:
    """Class probabilities `[k, c]`, the first class first, and expected entropies `[k]`."""
    k, rest = difference.shape
    noisy = factor.shape[1]
    normal = sobol_normal(points, noisy)
    count = normal.shape[1]
    fixed = difference[:, noisy:].exp()
    fixed_total = fixed.sum(dim=1, keepdim=True) + 1.0
    fixed_logit = (fixed * difference[:, noisy:]).sum(dim=1, keepdim=True)
    probabilities, entropy = torch.empty(k, rest + 1), torch.empty(k)
    for rows in _slices(k, _CHUNK // (max(noisy, 1) * count)):
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


@functools.lru_cache(maxsize=16)
def sobol_normal(points: int, dim: int) -> Tensor:
    """Standard normal points `[dim, points]`: shifted Sobol, antithetic, with unit covariance.

    A point and its negative make odd moments exact, the linear map second ones where there are
    as many points as that takes. The same in every process; `points` is rounded up to even.
    """
    half = math.ceil(points / 2)
    if dim == 0:
        return torch.zeros(0, 2 * half)
    engine = torch.quasirandom.SobolEngine(dim, scramble=False)  # type: ignore[no-untyped-call]
    lattice = engine.draw(half, dtype=torch.float64)
    shift = torch.arange(1, dim + 1, dtype=torch.float64) * _GOLDEN + 0.5 / half
    normal = torch.special.ndtri((lattice + shift).frac().clamp(1e-7, 1 - 1e-7))
    values, vectors = torch.linalg.eigh(normal.T @ normal / half)
    if values[0] > 1e-6:
        normal = normal @ (vectors / values.sqrt()) @ vectors.T
    return torch.cat([normal, -normal]).T.float().contiguous()


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
