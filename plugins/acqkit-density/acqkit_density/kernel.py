"""How well a pick covers each pair: a sparse kernel on the neighbor graph, O(n·k) memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from acqkit_density.neighbors import NeighborGraph


@dataclass(frozen=True, eq=False, slots=True)
class CoverageKernel:
    """k(i, j) = exp(−‖xᵢ − xⱼ‖² / σ²) where i and j are neighbors, else 0; k(j, j) = 1.

    covers `[m, t]` float32: row i holds the pairs that i covers, of the t that are to be covered.
    coverers `[t, m]`: the same by who is covered. σ² is the graph's bandwidth.
    """

    covers: sparse.csr_matrix
    coverers: sparse.csr_matrix

    @classmethod
    def of(cls, graph: NeighborGraph, *, symmetric: bool) -> CoverageKernel:
        """The kernel of a graph, in which j is covered by its neighbors.

        With `symmetric`, of a graph of all rows, j is also covered by those whose neighbor it is.
        """
        values = graph.distances * np.float32(-1 / graph.bandwidth())
        t, width = values.shape
        starts = np.arange(0, width * t + 1, width, dtype=np.int32)
        parts = np.exp(values, out=values).ravel(), graph.indices.ravel().astype(np.int32), starts
        coverers = sparse.csr_matrix(parts, shape=(t, graph.total))
        coverers.eliminate_zeros()
        if symmetric:
            both = coverers.maximum(coverers.T).tocsr()
            return cls(both, both)
        return cls(coverers.T.tocsr(), coverers)
