"""Fisher information of a linear classifier's weights, which `bait` chooses by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from acqkit.embeddings import Float64Array, FloatArray, IntArray

_SUMMED = 4_096
"""Pairs whose information is summed at a time."""
_TRIED = 64
"""Pairs whose gains are computed at a time: 4 MiB of float32 with the sizes that `bait` has."""
_TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, eq=False)
class Pairs:
    """What a label of each of k pairs tells: means z `[k, r]`, curvatures H `[k, m, m]`."""

    z: Float64Array
    h: Float64Array

    def __len__(self) -> int:
        return len(self.z)

    def information(self) -> Float64Array:
        """Σ zzᵀ ⊗ H `[r·m, r·m]`."""
        (_, r), m = self.z.shape, self.h.shape[1]
        total = np.zeros((r, m, r, m))
        for start in range(0, len(self), _SUMMED):
            z, h = self.z[start : start + _SUMMED], self.h[start : start + _SUMMED]
            for a in range(m):
                for b in range(a, m):
                    part = z.T @ (z * h[:, a, b, None])
                    total[:, a, :, b] += part
                    if a != b:
                        total[:, b, :, a] += part
        return total.reshape(r * m, r * m)


@dataclass(frozen=True, eq=False)
class Axes:
    """The directions of the weights that are told apart: of logits `[c, m]`, of means `[d, r]`."""

    logits: Float64Array
    means: Float64Array
    multilabel: bool

    @classmethod
    def of(cls, z: FloatArray, p: FloatArray, multilabel: bool, most: tuple[int, int]) -> Axes:
        """Those in which pairs with means `[k, d]` and probabilities `[k, c]` tell the most.

        At most (m, r) principal axes of the mean of H and of zzᵀ.
        """
        q = _exact(p, multilabel)
        h = np.diag((q * (1 - q) if multilabel else q).mean(axis=0))
        if not multilabel:
            h -= q.T @ q / len(q)
        x = z.astype(np.float64)
        return cls(_principal(h, most[0]), _principal(x.T @ x, most[1]), multilabel)

    def project(self, z: FloatArray, p: FloatArray) -> Pairs:
        """Pairs with means `[k, d]` and probabilities `[k, c]` along these directions.

        H is diag(p) − ppᵀ, of a softmax; multi-label: diag(p(1 − p)), of sigmoids.
        """
        q = _exact(p, self.multilabel)
        weight = q * (1 - q) if self.multilabel else q
        h = (self.logits.T * weight[:, None, :]) @ self.logits
        if not self.multilabel:
            mean = q @ self.logits
            h -= mean[:, :, None] * mean[:, None, :]
        return Pairs(z @ self.means, h)


def _exact(p: FloatArray, multilabel: bool) -> Float64Array:
    """Probabilities in double precision; without a sum of 1, diag(p) − ppᵀ may be negative."""
    q = p.astype(np.float64)
    return q if multilabel else q / np.maximum(q.sum(axis=1, keepdims=True), _TINY)


def _principal(moment: Float64Array, most: int) -> Float64Array:
    """The eigenvectors of the `most` largest eigenvalues, as columns; the axes if that is all."""
    if most >= len(moment):
        return np.eye(len(moment))
    vectors: Float64Array = np.linalg.eigh(moment)[1][:, ::-1]
    return vectors[:, :most]


class Design:
    """tr(M⁻¹F) while pairs are added to M `[r·m, r·m]`, or removed; `value` is what it is now.

    M⁻¹ and M⁻¹FM⁻¹ are kept, and updated in place by Woodbury's identity.
    """

    def __init__(self, pairs: Pairs, start: Float64Array, fisher: Float64Array) -> None:
        self._z, self._h = torch.from_numpy(pairs.z), torch.from_numpy(pairs.h)
        inverse = np.linalg.inv(start)
        self.value = float(np.einsum("ij,ij->", inverse, fisher))
        self._inverse = torch.from_numpy(inverse)
        self._squared = torch.from_numpy(inverse @ fisher @ inverse)

    def differences(self, rows: IntArray, sign: int) -> FloatArray:
        """By how much the value falls if each of `rows` `[k]` is added (1), or rises without (-1).

        It is tr(C zᵀM⁻¹FM⁻¹z) with C = (I ± H zᵀM⁻¹z)⁻¹ H, where z contracts means only.
        """
        # Gains in single precision, at half the cost; without a pair that is much needed,
        # I − H zᵀM⁻¹z is nearly singular.
        kind = torch.float32 if sign > 0 else torch.float64
        inverse, squared = self._inverse.to(kind), self._squared.to(kind)
        found = torch.empty(len(rows))
        for start in range(0, len(rows), _TRIED):
            part = torch.from_numpy(rows[start : start + _TRIED])
            z = self._z[part].to(kind)
            c = _capacity(self._h[part], _quadratic(z, inverse).double(), sign)
            found[start : start + _TRIED] = (c * _quadratic(z, squared)).sum(dim=(1, 2))
        return found.numpy()

    def change(self, row: int, sign: int) -> None:
        """Add (1) or remove (-1) a row."""
        z, h = self._z[row], self._h[row]
        left, middle = (_contracted(z[None], each)[0] for each in (self._inverse, self._squared))
        inner, gain = (torch.einsum("j,ajb->ab", z, each) for each in (left, middle))
        left, middle = left.flatten(1), middle.flatten(1)  # [m, r·m]: zᵀM⁻¹, zᵀM⁻¹FM⁻¹
        c = _capacity(h, inner, sign)
        outer = c @ left
        half = sign * (c @ middle) - c @ gain @ outer / 2
        self._inverse.addmm_(outer.T, left, alpha=-sign)
        self._squared.addmm_(left.T, half, alpha=-1)
        self._squared.addmm_(half.T, left, alpha=-1)
        self.value -= sign * float((c * gain).sum())


def _contracted(z: Tensor, matrix: Tensor) -> Tensor:
    """zᵀA of some pairs' means `[k, r]` with a symmetric A `[r·m, r·m]`: `[k, m, r, m]`."""
    r = z.shape[1]
    return (z @ matrix.view(r, -1)).view(len(z), len(matrix) // r, r, -1)


def _quadratic(z: Tensor, matrix: Tensor) -> Tensor:
    """zᵀAz of some pairs' means `[k, r]` with a symmetric A `[r·m, r·m]`: `[k, m, m]`."""
    return (z[:, None, None] @ _contracted(z, matrix))[:, :, 0]


def _capacity(h: Tensor, inner: Tensor, sign: int) -> Tensor:
    """(I ± H zᵀM⁻¹z)⁻¹ H, which is symmetric."""
    identity = torch.eye(h.shape[-1], dtype=h.dtype)
    solved: Tensor = torch.linalg.solve(identity + sign * (h @ inner), h)
    return solved
