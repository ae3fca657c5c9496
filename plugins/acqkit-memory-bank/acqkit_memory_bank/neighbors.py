"""Nearest neighbors in the memory, by cosine across both modalities."""

from __future__ import annotations

import numpy as np

from acqkit.embeddings import FloatArray, IntArray
from acqkit.neighbors import knn, on_device, unit

RECALL = 0.95
"""Least share of the true neighbors that is found where the search is not exact."""

Sides = tuple[FloatArray, FloatArray]
Weights = tuple[float, float]


def joint_points(features: Sides, weights: Weights) -> FloatArray:
    """One unit vector a pair, `[n, 2·dim]`: √w_m · f^m of both modalities, concatenated.

    The product of two of them is the mean over the modalities both have of the cosines within
    each, weighted by `weights` (scaled by how much of a pair is present). features: unit rows
    `[n, dim]` per modality, zeros where absent.
    """
    sides = [np.float32(np.sqrt(w)) * f for w, f in zip(weights, features, strict=True)]
    return unit(np.concatenate(sides, axis=1))


def nearest_pairs(points: FloatArray, k: int, device: str = "cpu") -> tuple[FloatArray, IntArray]:
    """Similarities `[n, k]`, falling, and rows `[n, k]` of the nearest other `points` `[n, d]`.

    By faiss on the CPU, by torch elsewhere, with a recall of at least .95 where the search is not
    exact; neither holds n² numbers.
    """
    searched = points if device == "cpu" else on_device(points, device)
    squared, rows = knn(searched, k, recall=RECALL)
    return np.float32(1) - squared / np.float32(2), rows
