"""A linear classifier of embeddings that knows how wrong it is: calibrated by left-out labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_expit, log_softmax, softmax

from acqkit.embeddings import Float64Array, FloatArray

_PENALTIES = 10.0 ** np.arange(-3, 3)
"""Ridge penalties tried, relative to the mean squared singular value."""
_STEEPEST = 100.0
"""Largest inverse temperature tried: from there on, predictions are as good as certain."""


@dataclass(frozen=True, eq=False)
class Probe:
    """Class probabilities softmax(s·f(x) + log π), or sigmoids, with f a ridge regression.

    center `[d]` and weight `[d, c]` make f; prior `[c]` are logits of the classes' shares among
    the labels; steepness is s. Without evidence s is 0 and every pair gets the shares.
    """

    center: Float64Array
    weight: Float64Array
    prior: Float64Array
    steepness: float
    multilabel: bool

    @classmethod
    def fit(cls, x: FloatArray, labels: NDArray[np.uint8], multilabel: bool) -> Probe:
        """Of points `[l, d]` with labels `[l, c]`.

        The penalty has the least squared error on labels that are left out one at a time, which
        ridge regression knows in closed form (Allen 1974), and under s these are the likeliest:
        temperature scaling (Guo et al. 2017) with s = 1/T.
        """
        y = labels.astype(np.float64)
        count, classes = y.shape
        shares = (y.sum(axis=0) + 1) / (count + (2 if multilabel else classes))
        prior = np.log(shares) - (np.log1p(-shares) if multilabel else 0.0)
        center = x.mean(axis=0, dtype=np.float64)
        if count < 2:
            return cls(center, np.zeros((x.shape[1], classes)), prior, 0.0, multilabel)
        u, singular, v = np.linalg.svd(x - center, full_matrices=False)
        residual = y - y.mean(axis=0)
        spread = max(float((singular**2).mean()), np.finfo(np.float32).tiny)
        tried = [_left_out(u, singular, residual, spread * each) for each in _PENALTIES]
        errors = [float(((residual - predicted) ** 2).sum()) for predicted in tried]
        best = int(np.argmin(errors))
        shrunk = singular / (singular**2 + spread * _PENALTIES[best])
        weight = v.T @ (shrunk[:, None] * (u.T @ residual))
        steepness = _steepness(tried[best], y, prior, multilabel)
        return cls(center, weight, prior, steepness, multilabel)

    def probabilities(self, x: FloatArray) -> FloatArray:
        """Class probabilities `[k, c]` of points `[k, d]`."""
        logits = self.steepness * ((x - self.center) @ self.weight) + self.prior
        p = expit(logits) if self.multilabel else softmax(logits, axis=1)
        return np.asarray(p, dtype=np.float32)


def _left_out(
    u: Float64Array, singular: Float64Array, residual: Float64Array, penalty: float
) -> Float64Array:
    """What a ridge regression with intercept predicts for each row left out, `[l, c]`."""
    kept = singular**2 / (singular**2 + penalty)
    fitted = u @ (kept[:, None] * (u.T @ residual))
    leverage = u**2 @ kept + 1 / len(u)
    return np.asarray(residual - (residual - fitted) / (1 - leverage)[:, None])


def _steepness(f: Float64Array, y: Float64Array, prior: Float64Array, multilabel: bool) -> float:
    """The s ≥ 0 under which labels `[l, c]` are the likeliest; 0 where none is better than that."""

    def surprise(s: float) -> float:
        logits = s * f + prior
        if multilabel:
            return -float((y * log_expit(logits) + (1 - y) * log_expit(-logits)).sum())
        return -float((y * log_softmax(logits, axis=1)).sum())

    found = minimize_scalar(surprise, bounds=(0, _STEEPEST), method="bounded")
    return float(found.x) if found.fun < surprise(0) else 0.0
