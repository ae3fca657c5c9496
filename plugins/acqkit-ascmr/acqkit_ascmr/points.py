"""Standard normal points for integrals, the same in every process and for every pair."""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from torch import Tensor

_GOLDEN = 0.6180339887498949
"""Fraction of the golden ratio: as steps of the shifts, it keeps those of all dimensions apart."""


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
