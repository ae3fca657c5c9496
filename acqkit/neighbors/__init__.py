"""Vectors, clusters and nearest neighbors: the one place where the core calls faiss.

All functions take C-contiguous float32 arrays `[n, d]`, never keep n² numbers, and are
deterministic for a seed and an order of rows.
"""

from acqkit.neighbors.clusters import kmeans, kmeans_centroids, nearest
from acqkit.neighbors.products import count_similar, count_similar_among, most_similar_other
from acqkit.neighbors.search import knn
from acqkit.neighbors.vectors import inner_products, paired_distances, squared_distances, unit

__all__ = [
    "count_similar",
    "count_similar_among",
    "inner_products",
    "kmeans",
    "kmeans_centroids",
    "knn",
    "most_similar_other",
    "nearest",
    "paired_distances",
    "squared_distances",
    "unit",
]
