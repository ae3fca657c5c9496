"""Label spreading on a graph of nearest neighbors."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from acqkit.embeddings import BoolArray, Float64Array, FloatArray
from acqkit.neighbors import knn

RECALL = 0.95
"""Share of the true neighbors that is enough on pools too large for an exact search."""


def neighbor_graph(x: FloatArray, k: int) -> sparse.csr_matrix:
    """Who is among the `k` nearest of whom in `x` `[n, d]`, either way: 0 and 1, symmetric."""
    indices = knn(np.ascontiguousarray(x), k, recall=RECALL)[1]
    n, width = indices.shape
    rows = np.repeat(np.arange(n), width)
    one_way = sparse.csr_matrix((np.ones(rows.size), (rows, indices.ravel())), shape=(n, n))
    return one_way.maximum(one_way.T)


def spread(
    graph: sparse.csr_matrix,
    start: Float64Array,
    alpha: float,
    tolerance: float = 1e-8,
    most: int = 1000,
) -> Float64Array:
    """Label spreading: the limit of F ← alpha · S F + (1 − alpha) · Y, `[n, c]`.

    S = D^-½ W D^-½ for the symmetric graph W `[n, n]`; Y = start `[n, c]`. Ends when no
    entry moves by more than `tolerance` times the largest, or after `most` rounds.

    Source: Zhou et al. 2004, "Learning with local and global consistency", section 2.
    """
    degree = np.asarray(graph.sum(axis=1)).ravel()
    scale = sparse.diags(1 / np.sqrt(np.maximum(degree, 1)))
    smooth = (scale @ graph @ scale).tocsr()
    found = start
    for _ in range(most):
        before = found
        found = alpha * (smooth @ found) + (1 - alpha) * start
        if np.abs(found - before).max(initial=0.0) <= tolerance * np.abs(found).max(initial=0.0):
            break
    return found


def propagated(
    graph: sparse.csr_matrix,
    labels: Float64Array,
    known: BoolArray,
    alpha: float,
    *,
    multilabel: bool,
) -> tuple[FloatArray, FloatArray]:
    """Class probabilities `[n, c]` and how certain they are, from 0 to 1.

    labels `[n, c]` of 0 and 1, read where `known` `[n]`. Single-label: distributions, and
    certainties `[n, 1]`. Multi-label: class against rest, and certainties `[n, c]`; the masses
    of class and rest are brought to the class's share of the known labels (class mass
    normalization: Zhu, Ghahramani & Lafferty 2003, eq. 9). Certainty is 1 − entropy divided
    by the largest one; pairs that no label reaches have certainty 0.
    """
    seen = known[:, None].astype(np.float64)
    positive = spread(graph, labels * seen, alpha)
    if not multilabel:
        p = _shares(positive, positive.sum(axis=1, keepdims=True), 1 / labels.shape[1])
        entropy = -_p_log_p(p).sum(axis=1, keepdims=True) / np.log(max(labels.shape[1], 2))
    else:
        negative = spread(graph, (1 - labels) * seen, alpha)
        prior = labels[known].mean(axis=0)
        positive = _shares(positive, positive.mean(axis=0), 0.0) * prior
        negative = _shares(negative, negative.mean(axis=0), 0.0) * (1 - prior)
        p = _shares(positive, positive + negative, 0.5)
        entropy = -(_p_log_p(p) + _p_log_p(1 - p)) / np.log(2)
    return p.astype(np.float32), np.clip(1 - entropy, 0, 1).astype(np.float32)


def _shares(part: Float64Array, whole: Float64Array, otherwise: float) -> Float64Array:
    """part / whole, and `otherwise` where the whole is 0."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), otherwise)


def _p_log_p(p: Float64Array) -> Float64Array:
    return p * np.log(np.maximum(p, 1e-12))
