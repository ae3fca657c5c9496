"""k-means, and the nearest of a few centers."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from acqkit.embeddings import DEFAULT_BLOCK_SIZE, FloatArray, IntArray
from acqkit.neighbors import tensors
from acqkit.neighbors.backend import library as faiss
from acqkit.neighbors.kinds import Vectors, on_device, on_host
from acqkit.neighbors.vectors import paired_distances

_SEED_LIMIT = 2**31
"""faiss keeps seeds in a C int."""

_ROWS_PER_CLUSTER = 40
_FEWEST_ROWS = 16_384
"""Rows that k-means is trained on: the more of the two. faiss recommends at least 39 a cluster."""


def rows_learned_from(k: int) -> int:
    """Rows that k-means with `k` clusters is trained on at most."""
    return k * max(_ROWS_PER_CLUSTER, _FEWEST_ROWS // k)


def kmeans(
    x: Vectors,
    k: int,
    seed: int,
    *,
    spherical: bool = False,
    iterations: int = 10,
) -> tuple[FloatArray, IntArray]:
    """Lloyd's k-means of rows of `x` `[n, d]`: centroids `[k, d]` and each row's cluster `[n]`.

    Trained on at most 40 rows a cluster or 16,384, whichever is more, drawn by `seed`; all
    rows are assigned. More clusters than rows become as many as there are rows. Clusters may be
    empty, as they must be where fewer than `k` rows differ. `spherical` keeps centroids at
    length 1, for rows that are.
    """
    centroids = kmeans_centroids(x, k, seed, spherical=spherical, iterations=iterations)
    if len(centroids) == 0:
        return centroids, np.zeros(0, dtype=np.int64)
    return centroids, nearest(x, centroids)[1]


def kmeans_centroids(
    x: Vectors,
    k: int,
    seed: int,
    *,
    spherical: bool = False,
    iterations: int = 10,
) -> FloatArray:
    """The centroids `[k, d]` of `kmeans`, without assigning rows to them.

    Learned by faiss on the CPU, of a tensor too: from as many rows whatever `n` is.
    """
    n, d = x.shape
    k = min(k, n)
    if k == 0:
        return np.zeros((0, d), dtype=np.float32)
    if isinstance(x, Tensor):
        x = _drawn(x, rows_learned_from(k), seed % _SEED_LIMIT)
    trained = faiss.Kmeans(
        d,
        k,
        niter=iterations,
        spherical=spherical,
        seed=seed % _SEED_LIMIT,
        max_points_per_centroid=rows_learned_from(k) // k,
        min_points_per_centroid=1,
    )
    trained.train(x)
    centroids: FloatArray = trained.centroids
    return centroids


def _drawn(x: Tensor, most: int, seed: int) -> FloatArray:
    """The rows that faiss draws of an array, so that both have the same centroids."""
    if len(x) <= most:
        return on_host(x.float())
    order = np.empty(len(x), dtype=np.int32)
    faiss.rand_perm(faiss.swig_ptr(order), len(x), seed)
    return on_host(x[on_device(order[:most], x.device)].float())


def nearest(x: Vectors, centers: Vectors) -> tuple[FloatArray, IntArray]:
    """Squared distance `[n]` to, and index `[n]` of, the nearest center of each row of `x`.

    Distances are exact sums of squared differences; which of two centers that are equally
    near within rounding is returned is not specified.
    """
    if isinstance(x, Tensor):
        distances, which = tensors.nearest(x, on_device(centers, x.device))
        return on_host(distances), on_host(which)
    # Centered, because rounding in the search grows with the distance from the origin.
    centers = np.asarray(centers)
    origin = centers.mean(axis=0, dtype=np.float64).astype(np.float32)
    index = faiss.IndexFlatL2(x.shape[1])
    index.add(centers - origin)
    found = np.empty((len(x), 1), dtype=np.int64)
    for start in range(0, len(x), DEFAULT_BLOCK_SIZE):
        rows = slice(start, start + DEFAULT_BLOCK_SIZE)
        found[rows] = index.search(x[rows] - origin, 1)[1]
    return paired_distances(x, centers, found)[:, 0], found[:, 0]
