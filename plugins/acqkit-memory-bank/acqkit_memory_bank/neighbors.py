"""Nearest neighbors in the memory, by cosine across both modalities."""

from __future__ import annotations

import numpy as np
import torch

from acqkit.embeddings import FloatArray, IntArray
from acqkit.neighbors import knn, unit

RECALL = 0.95
"""Least share of the true neighbors that is found where the search is not exact."""
_BLOCK = 4096
"""Rows whose products with all rows are held at a time on a device."""

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

    faiss on the CPU (recall of at least .95 where it is not exact), block products elsewhere;
    neither holds n² numbers.
    """
    if torch.device(device).type == "cpu":
        squared, rows = knn(points, k, recall=RECALL)
        return np.float32(1) - squared / np.float32(2), rows
    return product_neighbors(points, k, device)


def product_neighbors(points: FloatArray, k: int, device: str) -> tuple[FloatArray, IntArray]:
    """As `nearest_pairs`, exactly, by products of blocks of rows with all rows on `device`."""
    x = torch.from_numpy(points).to(device)
    k = min(k, len(points) - 1)
    values, found = [], []
    for start in range(0, len(points), _BLOCK):
        similar = x[start : start + _BLOCK] @ x.T
        own = torch.arange(len(similar), device=x.device)
        similar[own, own + start] = -torch.inf
        best = similar.topk(k, dim=1)
        values.append(best.values.cpu())
        found.append(best.indices.cpu())
    return torch.cat(values).numpy(), torch.cat(found).numpy()
