"""How good picks are by what their algorithm says it maximizes; higher is better."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import entr

from acqkit.embeddings import FloatArray, IntArray
from acqkit.neighbors import nearest, unit
from suite.speed.scene import Scene

Objective = Callable[[Scene, IntArray], float]


def covering_radius(scene: Scene, picks: IntArray) -> float:
    """Minus the largest distance of a pair to the nearest label or pick (k-center's objective)."""
    centers = scene.mean[np.concatenate([scene.labeled, picks])]
    return -float(np.sqrt(nearest(np.ascontiguousarray(scene.mean), centers)[0].max()))


def covered(scene: Scene, picks: IntArray) -> float:
    """Share of pairs within the radius of a label or pick, on the unit sphere (ProbCover's)."""
    x = unit(scene.mean)
    distances = nearest(x, x[np.concatenate([scene.labeled, picks])])[0]
    return float((distances <= scene.radius**2 + 1e-6).mean())


def representation(scene: Scene, picks: IntArray) -> float:
    """Mean cosine similarity of a pair to the most similar label or pick (facility location's)."""
    x = unit(scene.mean)
    distances = nearest(x, x[np.concatenate([scene.labeled, picks])])[0]
    return float((1 - distances / 2).mean(dtype=np.float64))


def _sum_of(score: Callable[[FloatArray], FloatArray]) -> Objective:
    def objective(scene: Scene, picks: IntArray) -> float:
        return float(score(scene.probabilities[picks].astype(np.float64)).sum())

    return objective


def _margin(p: FloatArray) -> FloatArray:
    top = np.sort(p, axis=1)
    return np.asarray(top[:, -2] - top[:, -1])


def information(scene: Scene, picks: IntArray) -> float:
    """Sum of H(mean p) − mean H(p) over the picks."""
    p = scene.samples[:, picks].astype(np.float64)
    return float(entr(p.mean(axis=0)).sum() - entr(p).sum(axis=-1).mean(axis=0).sum())


DETERMINISTIC: dict[str, tuple[str, Objective]] = {
    "k-center": ("minus covering radius", covering_radius),
    "margin": ("sum of minus margins", _sum_of(_margin)),
    "entropy": ("sum of entropies", _sum_of(lambda p: np.asarray(entr(p).sum(axis=1)))),
    "least confidence": ("sum of 1 - largest", _sum_of(lambda p: np.asarray(1 - p.max(axis=1)))),
    "bald": ("sum of information", information),
    "probcover": ("share covered", covered),
}
"""Algorithms whose picks follow from the pool: ours must be theirs, or better."""

OBJECTIVES: dict[str, tuple[str, Objective]] = {
    **DETERMINISTIC,
    "coverage": ("mean largest cosine", representation),
}
