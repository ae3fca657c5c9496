"""Label propagation: from a few labels to class probabilities of all pairs, along neighbors."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from acqkit.embeddings import FloatArray, IntArray

SWEEPS = 20
"""Iterations; the error left is spread^20, a thousandth at the trainer's default of 0.7."""
_UNREACHED = 1e-9
"""Mass of labels up to which a pair counts as reached by none (rounding of float32)."""


def affinity(similarity: FloatArray, rows: IntArray, temperature: float) -> sp.csr_array:
    """The symmetric normalized affinity D^-½ W D^-½ `[n, n]`, sparse, of a neighbor graph.

    W_ij = exp((s_ij - max_j s_ij) / temperature) for the neighbors j of i: the weights of a
    softmax over the neighbors but for its denominator, which D takes care of; where only one of
    two is a neighbor of the other its weight counts, the larger one where both are.
    similarity and rows are `[n, k]`, as of `nearest_pairs`.
    """
    n, k = rows.shape
    if k == 0:
        return sp.csr_array((n, n), dtype=np.float32)
    weights = np.exp((similarity - similarity[:, :1]) / temperature).astype(np.float32)
    starts = np.arange(0, n * k + 1, k)
    one_way = sp.csr_array((weights.ravel(), rows.ravel(), starts), shape=(n, n))
    both = one_way.maximum(one_way.T).tocsr()
    scale = 1 / np.sqrt(np.asarray(both.sum(axis=1)).ravel())
    scaled = sp.diags_array(scale) @ both @ sp.diags_array(scale)
    return scaled.tocsr().astype(np.float32)


def propagate(
    graph: sp.csr_array, labels: FloatArray, weight: FloatArray, spread: float
) -> tuple[FloatArray, FloatArray]:
    """Class probabilities `[n, c]`, and the mass of labels that reaches each pair, `[n]`.

    F ← spread · S F + (1 - spread) · Y, `SWEEPS` times, with S the `graph` and
    Y = weight · labels. The same for the weights alone gives the reach Z, and F / Z is a
    weighted mean of labels for single- and multi-label pools alike. A pair that no label
    reaches has zeros.

    labels: `[n, c]` probabilities; weight `[n]`: 1 for known labels, 0 for unknown ones, or
    how much a belief counts. Source: Zhou et al. 2004, Learning with local and global
    consistency.
    """
    seeds = np.concatenate([weight[:, None] * labels, weight[:, None]], axis=1).astype(np.float32)
    state = seeds
    for _ in range(SWEEPS):
        state = spread * (graph @ state) + (1 - spread) * seeds
    reach = state[:, -1]
    reached = reach > _UNREACHED
    probabilities = np.zeros_like(state[:, :-1])
    probabilities[reached] = state[reached, :-1] / reach[reached, None]
    return probabilities.clip(0, 1), reach
