"""The pool in two dimensions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from acqkit.embeddings import FloatArray, IntArray

MOST_POINTS = 2_500
MOST_PICKS = 4_000

_FEWEST_FOR_TSNE = 50
_TSNE_WIDTH = 32
_TSNE_STEPS = 500


def choose_points(n: int, picked: IntArray) -> IntArray:
    """Rows `[m]` of a map of `n` pairs, ascending: what was picked, and a sample of the rest.

    At most `MOST_POINTS`, and a fifth of those besides the picks when there are more picks.
    """
    rng = np.random.default_rng(0)
    picks = np.unique(picked)
    if len(picks) > MOST_PICKS:
        picks = rng.choice(picks, MOST_PICKS, replace=False)
    rest = np.setdiff1d(np.arange(n), picked)
    wanted = max(MOST_POINTS - len(picks), MOST_POINTS // 5)
    if len(rest) > wanted:
        rest = rng.choice(rest, wanted, replace=False)
    return np.sort(np.concatenate([picks, rest]).astype(np.int64))


def layout(means: FloatArray) -> tuple[NDArray[np.float64], str]:
    """Coordinates `[m, 2]`, each axis scaled to [-1, 1], and the method's name.

    means `[m, d]` are compared by direction, as retrieval does it: t-SNE of the leading
    principal components (van der Maaten & Hinton 2008), or PCA alone for a few points.
    The same means give the same map.
    """
    if len(means) < 2:
        return np.zeros((len(means), 2)), "PCA"
    norms = np.linalg.norm(means, axis=1, keepdims=True)
    units = (means / np.maximum(norms, 1e-12)).astype(np.float64)
    units -= units.mean(axis=0)
    if not units.any():
        return np.zeros((len(means), 2)), "PCA"
    width = min(_TSNE_WIDTH, *units.shape)
    # One thread: short loops on shared cores lose more by waiting for each other than they win.
    with threadpool_limits(limits=1):
        flat = PCA(width, svd_solver="full").fit_transform(units)
        if len(units) < _FEWEST_FOR_TSNE or len(np.unique(flat, axis=0)) < _FEWEST_FOR_TSNE:
            if width < 2:
                flat = np.column_stack([flat[:, 0], np.zeros(len(flat))])
            return _scaled(flat[:, :2]), "PCA"
        perplexity = min(30.0, len(units) / 4)
        tsne = TSNE(perplexity=perplexity, max_iter=_TSNE_STEPS, init="pca", random_state=0)
        return _scaled(tsne.fit_transform(flat)), "t-SNE"


def _scaled(points: NDArray[np.floating]) -> NDArray[np.float64]:
    low, high = points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)
    half = np.where(high > low, (high - low) / 2, 1.0)
    return np.asarray((points - (low + high) / 2) / half)
