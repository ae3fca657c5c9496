"""scikit-activeml handed what ours draws at random: the clusters and the masks of features."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from skactiveml.pool import DropQuery, TypiClust

from acqkit.embeddings import BoolArray, FloatArray, IntArray
from acqkit.neighbors import kmeans, unit
from suite.speed.ours import context_of
from suite.speed.peers.skactiveml_peer import drop_query
from suite.speed.scene import Scene

RATE, SAMPLES, NEIGHBORS = 0.75, 3, 20
"""As `drop-query` and `typiclust` have them."""


class Clusters:
    """Our k-means, of rows in our order, as scikit-activeml asks for a clustering."""

    ranks: ClassVar[dict[bytes, int]] = {}
    seed: ClassVar[int] = 0

    def __init__(self, n_clusters: int) -> None:
        self.n_clusters = n_clusters

    def fit_predict(self, X: Any, y: Any = None) -> IntArray:
        """The cluster of each row."""
        return self._fit(X)[1]

    def fit_transform(self, X: Any, y: Any = None) -> FloatArray:
        """Distances to the centroids, of the largest cluster first."""
        centroids, cluster = self._fit(X)
        sizes = np.bincount(cluster, minlength=len(centroids))
        order = np.argsort(-sizes, kind="stable")
        return np.asarray(np.linalg.norm(X[:, None] - centroids[order], axis=2))

    def _fit(self, X: Any) -> tuple[FloatArray, IntArray]:
        x = np.ascontiguousarray(X, dtype=np.float32)
        rows = np.argsort([self.ranks[row.tobytes()] for row in x])
        centroids, ordered = kmeans(x[rows], self.n_clusters, self.seed)
        cluster = np.empty_like(ordered)
        cluster[rows] = ordered
        return centroids, cluster


def _our_clusters(scene: Scene, x: FloatArray, purpose: str) -> type[Clusters]:
    context = context_of(scene)
    order = context.canonical(np.arange(len(x)))
    ranks = {x[position].tobytes(): rank for rank, position in enumerate(order)}
    return type("OurClusters", (Clusters,), {"ranks": ranks, "seed": context.derive(purpose)})


class Masks(np.random.RandomState):
    """Gives our masks where features are to be dropped."""

    dropped: list[BoolArray]

    def choice(self, *_: Any, **__: Any) -> BoolArray:  # type: ignore[override]
        """The next mask, whatever is asked for."""
        return self.dropped.pop(0)


class ToldDropQuery(DropQuery):  # type: ignore[misc] # the package has no types
    """DropQuery that draws nothing itself; the package makes a generator of its own of any seed."""

    masks: Masks

    def _validate_data(self, *args: Any, **kwargs: Any) -> Any:
        checked = super()._validate_data(*args, **kwargs)
        self.random_state_ = self.masks
        return checked


def typiclust(scene: Scene, batch: int) -> IntArray:
    """TypiClust on our clusters."""
    x = unit(scene.mean)
    clusters = _our_clusters(scene, x, "typiclust")
    strategy = TypiClust(random_state=0, cluster_algo=clusters, k=NEIGHBORS)
    y = np.where(scene.labels < 0, np.nan, scene.labels)
    return np.asarray(strategy.query(x, y, batch_size=batch))


def drop(scene: Scene, batch: int) -> IntArray:
    """DropQuery with our masks and clusters."""
    context = context_of(scene)
    rows = np.searchsorted(scene.unlabeled, context.canonical(context.candidates))
    rng, masks = context.rng("drop-query"), Masks(0)
    masks.dropped = []
    for _ in range(SAMPLES):
        dropped = np.empty((len(rows), scene.mean.shape[1]), dtype=bool)
        dropped[rows] = rng.random(dropped.shape, dtype=np.float32) < RATE
        masks.dropped.append(dropped)
    clusters = _our_clusters(scene, np.ascontiguousarray(scene.mean), "drop-query")
    strategy = ToldDropQuery(RATE, SAMPLES, cluster_algo=clusters)
    strategy.masks = masks
    return drop_query(strategy, scene, batch)
