"""Vectors, clusters and nearest neighbors: the one place where the core calls faiss.

All functions take C-contiguous float32 arrays `[n, d]`, or tensors on any device (float16 too),
which torch works on where they lie. They never keep n² numbers, and are deterministic for a seed
and an order of rows.
"""

from acqkit.neighbors.clusters import kmeans, kmeans_centroids, nearest, rows_learned_from
from acqkit.neighbors.kinds import (
    Kind,
    Vectors,
    beside,
    device_of,
    filled,
    library_of,
    on_device,
    on_host,
    rows_where,
    whole_numbers,
)
from acqkit.neighbors.near_counts import count_similar_near, subtract_similar
from acqkit.neighbors.products import count_similar, count_similar_among, most_similar_other
from acqkit.neighbors.search import knn, knn_among
from acqkit.neighbors.vectors import (
    inner_products,
    mean_vector,
    paired_distances,
    squared_distances,
    unit,
)

__all__ = [
    "Kind",
    "Vectors",
    "beside",
    "count_similar",
    "count_similar_among",
    "count_similar_near",
    "device_of",
    "filled",
    "inner_products",
    "kmeans",
    "kmeans_centroids",
    "knn",
    "knn_among",
    "library_of",
    "mean_vector",
    "most_similar_other",
    "nearest",
    "on_device",
    "on_host",
    "paired_distances",
    "rows_learned_from",
    "rows_where",
    "squared_distances",
    "subtract_similar",
    "unit",
    "whole_numbers",
]
