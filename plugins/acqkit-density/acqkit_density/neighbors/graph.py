"""The neighbor graph of a pool: who is near each pair, and how dense it is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acqkit.embeddings import FloatArray, IntArray
from acqkit.engine import LOCAL, Engine
from acqkit.neighbors import knn, on_device
from acqkit_density.neighbors.fast import neighbors_by_region
from acqkit_density.sample import SampleSizes


@dataclass(frozen=True, eq=False, slots=True)
class NeighborGraph:
    """Squared distances to, and indices of, the nearest of t rows, `[t, 1 + k]`.

    The first is the row itself, at distance 0; then its k nearest others out of `total`, in any
    order. Rows with fewer (small regions) are filled with their own index at distance infinity.
    """

    distances: FloatArray
    indices: IntArray
    total: int

    def density(self) -> FloatArray:
        """ρ `[t]`: the inverse of the mean distance to the neighbors, relative to its median."""
        known = np.isfinite(self.distances)
        roots = np.sqrt(np.where(known, self.distances, 0.0))
        mean = roots.sum(axis=1) / np.maximum(known.sum(axis=1) - 1, 1)
        typical = float(np.median(mean[mean > 0])) if (mean > 0).any() else 1.0
        return np.asarray(typical / np.maximum(mean, 1e-3 * typical), dtype=np.float32)

    def bandwidth(self) -> float:
        """σ²: the median squared distance to the farthest of a row's neighbors.

        Where no row has k neighbors, what there are of them count.
        """
        reach = self.distances.max(axis=1)
        if not np.isfinite(reach).any():
            reach = np.where(np.isfinite(self.distances), self.distances, 0).max(axis=1)
        return max(float(np.median(reach[np.isfinite(reach)])), 1e-6)


def neighbor_graph(
    points: FloatArray,
    k: int,
    sizes: SampleSizes,
    region: IntArray | None = None,
    rows: IntArray | None = None,
    engine: Engine = LOCAL,
    device: str = "cpu",
) -> NeighborGraph:
    """The graph of points `[n, d]`, exact up to 10,000 of them, beyond to `sizes.recall`.

    With regions `[n]`, neighbors are looked for among about `sizes.around` points: a row's own
    region and the nearest others, at least one. Then the graph may be that of some `rows` `[t]`
    only, ascending [all]. On a `device` other than `cpu` torch compares points; without regions
    all of them, exactly.
    """
    total = len(points)
    if region is None:
        searched = points if device == "cpu" else on_device(points, device)
        distances, indices = knn(searched, min(k, total - 1), recall=sizes.recall)
        distances = np.pad(distances, ((0, 0), (1, 0)))
        return NeighborGraph(distances, np.column_stack((np.arange(total), indices)), total)
    rows = np.arange(total) if rows is None else rows
    found = neighbors_by_region(points, k, region, rows, sizes.around, engine, device)
    return NeighborGraph(*found, total)
