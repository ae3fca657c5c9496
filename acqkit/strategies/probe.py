"""A linear classifier of embeddings that knows how wrong it is: calibrated by left-out labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_expit, logsumexp

from acqkit.embeddings import Float64Array, FloatArray, IntArray

_PENALTIES = 10.0 ** np.arange(-3, 3)
"""Ridge penalties tried, relative to the mean squared singular value."""
_STEEPEST = 100.0
"""Largest inverse temperature tried: from there on, predictions are as good as certain."""


@dataclass(frozen=True, eq=False)
class Probe:
    """Class probabilities softmax(s·f(x) + log π), or sigmoids, with f a ridge regression.

    center `[d]` and weight `[d, k]` make f of the k classes that have a label, `seen` `[k]`; prior
    `[k]` are logits of their shares among the labels. Of the `unseen` others f is 0 and the prior
    `unseen_prior`, so that time and memory go by k. steepness is s. Without evidence s is 0 and
    every pair gets the shares.
    """

    center: Float64Array
    weight: Float64Array
    prior: Float64Array
    steepness: float
    multilabel: bool
    seen: IntArray
    unseen: int
    unseen_prior: float

    @classmethod
    def fit(cls, x: FloatArray, labels: NDArray[np.uint8], multilabel: bool) -> Probe:
        """Of points `[l, d]` with labels `[l, c]`.

        The penalty has the least squared error on labels that are left out one at a time, which
        ridge regression knows in closed form (Allen 1974), and under s these are the likeliest:
        temperature scaling (Guo et al. 2017) with s = 1/T.
        """
        count, classes = labels.shape
        seen = np.flatnonzero(labels.any(axis=0))
        y = labels[:, seen].astype(np.float64)
        total = count + (2 if multilabel else classes)
        prior = _logit((y.sum(axis=0) + 1) / total, multilabel)
        unseen_prior = float(_logit(np.array(1 / total), multilabel))
        center = x.mean(axis=0, dtype=np.float64)
        weight, steepness = np.zeros((x.shape[1], len(seen))), 0.0
        unseen = classes - len(seen)
        if count >= 2:
            weight, left_out = _ridge(x - center, y - y.mean(axis=0))
            rest = unseen_prior + np.log(unseen) if unseen else -np.inf
            steepness = _steepness(left_out, y, prior, multilabel, rest)
        return cls(center, weight, prior, steepness, multilabel, seen, unseen, unseen_prior)

    def probabilities(self, x: FloatArray) -> FloatArray:
        """Class probabilities `[k, c]` of points `[k, d]`."""
        logits = self.steepness * ((x - self.center) @ self.weight) + self.prior
        rest = np.full((len(x), 1), self.unseen_prior)
        if self.multilabel:
            p, each = expit(logits), expit(rest)
        else:
            largest = np.maximum(logits.max(axis=1, keepdims=True, initial=-np.inf), rest)
            p, each = np.exp(logits - largest), np.exp(rest - largest)
            total = p.sum(axis=1, keepdims=True) + self.unseen * each
            p, each = p / total, each / total
        every = np.empty((len(x), len(self.seen) + self.unseen), dtype=np.float32)
        every[:] = each
        every[:, self.seen] = p
        return every


def _logit(shares: Float64Array, multilabel: bool) -> Float64Array:
    """Logits of a sigmoid, or of a softmax, that give the shares."""
    return np.asarray(np.log(shares) - (np.log1p(-shares) if multilabel else 0.0))


def _ridge(x: Float64Array, residual: Float64Array) -> tuple[Float64Array, Float64Array]:
    """The weight `[d, k]` under the best penalty, and what it predicts for rows left out."""
    u, singular, v = np.linalg.svd(x, full_matrices=False)
    spread = max(float((singular**2).mean()), np.finfo(np.float32).tiny)
    tried = [_left_out(u, singular, residual, spread * each) for each in _PENALTIES]
    errors = [float(((residual - predicted) ** 2).sum()) for predicted in tried]
    best = int(np.argmin(errors))
    shrunk = singular / (singular**2 + spread * _PENALTIES[best])
    return v.T @ (shrunk[:, None] * (u.T @ residual)), tried[best]


def _left_out(
    u: Float64Array, singular: Float64Array, residual: Float64Array, penalty: float
) -> Float64Array:
    """What a ridge regression with intercept predicts for each row left out, `[l, c]`."""
    kept = singular**2 / (singular**2 + penalty)
    fitted = u @ (kept[:, None] * (u.T @ residual))
    leverage = u**2 @ kept + 1 / len(u)
    return np.asarray(residual - (residual - fitted) / (1 - leverage)[:, None])


def _steepness(
    f: Float64Array, y: Float64Array, prior: Float64Array, multilabel: bool, rest: float
) -> float:
    """The s ≥ 0 under which labels `[l, k]` are the likeliest; 0 where none is better than that.

    rest: the log-odds of all classes without a label together.
    """

    def surprise(s: float) -> float:
        logits = s * f + prior
        if multilabel:
            return -float((y * log_expit(logits) + (1 - y) * log_expit(-logits)).sum())
        total = np.logaddexp(logsumexp(logits, axis=1), rest)
        return float((y.sum(axis=1) * total).sum() - (y * logits).sum())

    found = minimize_scalar(surprise, bounds=(0, _STEEPEST), method="bounded")
    return float(found.x) if found.fun < surprise(0) else 0.0
