"""The least that an algorithm must do, as bare loops: what ours is held against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import faiss
import numpy as np
import torch
from torch import Tensor

from acqkit.embeddings import DEFAULT_BLOCK_SIZE, FloatArray, IntArray
from suite.speed.scene import Scene

CENTERS, NEIGHBORS, TYPICLUST_CLUSTERS, ITERATIONS = 1000, 20, 500, 10
"""Clusters and iterations are those that acqkit's strategies take."""
FISHER_CLASSES, FISHER_WIDTH, FISHER_CONSIDERED = 16, 64, 4096
"""As `bait` has them."""

Floor = Callable[[], None]


def read_embeddings(scene: Scene, batch: int) -> Floor:
    """One sequential read of the embeddings."""
    return lambda: _read(scene.mean)


def read_probabilities(scene: Scene, batch: int) -> Floor:
    """One sequential read of the probabilities."""
    return lambda: _read(scene.probabilities)


def read_samples(scene: Scene, batch: int) -> Floor:
    """One sequential read of the stochastic predictions."""

    def run() -> None:
        for sample in scene.samples:
            _read(sample)

    return run


def _read(array: FloatArray) -> None:
    for start in range(0, len(array), DEFAULT_BLOCK_SIZE):
        torch.from_numpy(array[start : start + DEFAULT_BLOCK_SIZE]).sum()


def product(scene: Scene, batch: int) -> Floor:
    """One float32 product of the embeddings with 1,000 centers, in blocks."""
    centers = torch.randn(scene.mean.shape[1], CENTERS, generator=torch.Generator().manual_seed(0))

    def run() -> None:
        out = torch.empty(DEFAULT_BLOCK_SIZE, CENTERS)
        for start in range(0, len(scene.mean), DEFAULT_BLOCK_SIZE):
            block = torch.from_numpy(scene.mean[start : start + DEFAULT_BLOCK_SIZE])
            torch.mm(block, centers, out=out[: len(block)])

    return run


def graph(scene: Scene, batch: int) -> Floor:
    """The exact graph of 20 nearest neighbors, by faiss."""

    def run() -> None:
        x = np.ascontiguousarray(scene.mean)
        index = faiss.IndexFlatL2(x.shape[1])
        index.add(x)
        index.search(x, NEIGHBORS + 1)

    return run


def k_center(scene: Scene, batch: int) -> Floor:
    """One pass over the embeddings per pick: product, minimum, largest. No start from labels."""

    def run() -> None:
        x = torch.from_numpy(scene.mean)
        squares = torch.linalg.vector_norm(x, dim=1).square_()
        nearest = squares.clone()
        for _ in range(batch):
            pick = nearest.argmax()
            step = torch.mv(x, x[pick]).mul_(-2).add_(squares)
            torch.minimum(nearest, step, out=nearest)

    return run


def badge(scene: Scene, batch: int) -> Floor:
    """One pass over embeddings and probabilities per pick: two products, minimum, a draw."""

    def run() -> None:
        x, p = torch.from_numpy(scene.mean), torch.from_numpy(scene.probabilities)
        squares = torch.linalg.vector_norm(x, dim=1).square_()
        nearest = squares.clone()
        for _ in range(batch):
            pick = nearest.argmax()
            step = torch.mv(x, x[pick]).mul_(torch.mv(p, p[pick])).mul_(-2).add_(squares)
            torch.minimum(nearest, step, out=nearest)

    return run


def scored_in_one_pass(score: Callable[[Tensor], Tensor]) -> Callable[[Scene, int], Floor]:
    """One pass over the probabilities that computes the score, and the largest of it."""

    def prepare(scene: Scene, batch: int) -> Floor:
        def run() -> None:
            p = torch.from_numpy(scene.probabilities)
            scores = torch.cat([score(block) for block in torch.split(p, DEFAULT_BLOCK_SIZE)])
            scores.topk(batch)

        return run

    return prepare


def bald(scene: Scene, batch: int) -> Floor:
    """One pass over the stochastic predictions that computes both entropies."""

    def run() -> None:
        scores = []
        samples = torch.from_numpy(scene.samples)
        for block in torch.split(samples, DEFAULT_BLOCK_SIZE // len(samples), dim=1):
            total = torch.special.entr(block.mean(dim=0)).sum(dim=1)
            scores.append(total - torch.special.entr(block).sum(dim=2).mean(dim=0))
        torch.cat(scores).topk(batch)

    return run


def clusters(scene: Scene, batch: int) -> Floor:
    """faiss' k-means of the pool, a cluster a pick."""

    def run() -> None:
        _clusters(np.ascontiguousarray(scene.mean), batch)

    return run


def typical(scene: Scene, batch: int) -> Floor:
    """k-means, and exact neighbors within each cluster that gives a pick, by faiss."""

    def run() -> None:
        x = np.ascontiguousarray(scene.mean)
        cluster = _clusters(x, TYPICLUST_CLUSTERS)
        sizes = np.bincount(cluster)
        labels = np.bincount(cluster[scene.labeled], minlength=len(sizes))
        order = np.lexsort((-sizes, labels))
        members = np.split(np.argsort(cluster, kind="stable"), sizes.cumsum()[:-1])
        for chosen in order[:batch].tolist():
            own = x[members[chosen]]
            index = faiss.IndexFlatL2(x.shape[1])
            index.add(own)
            index.search(own, NEIGHBORS + 1)

    return run


def _clusters(x: FloatArray, count: int) -> IntArray:
    """Each row's cluster by faiss' k-means, with its defaults but for the iterations."""
    k = min(count, len(x) // 2)
    means = faiss.Kmeans(x.shape[1], k, niter=ITERATIONS, min_points_per_centroid=1)
    means.train(x)
    found: IntArray = means.index.search(x, 1)[1][:, 0]
    return found


def sorted_classes(scene: Scene, batch: int) -> Floor:
    """One sort of the pool for each class."""

    def run() -> None:
        for column in scene.probabilities.T:
            np.argsort(column, kind="stable")

    return run


def fisher(scene: Scene, batch: int) -> Floor:
    """The gain of each pair considered, once, and the change of both matrices by each pick."""
    classes, width, tried = FISHER_CLASSES, min(FISHER_WIDTH, scene.mean.shape[1]), 64
    size = classes * width

    def run() -> None:
        x = torch.from_numpy(scene.mean[:FISHER_CONSIDERED, :width])
        matrix = torch.eye(size)
        for block in torch.split(x, tried):
            for _ in range(2):
                torch.mm(block, matrix.view(width, -1))
        double, step = matrix.double(), torch.zeros(size, classes, dtype=torch.float64)
        for _ in range(3 * batch):  # two added a pick, one of them removed
            for _ in range(3):
                double.addmm_(step, step.T)

    return run


def _margin(p: Tensor) -> Tensor:
    top = p.topk(2, dim=1).values
    return top[:, 1] - top[:, 0]


@dataclass(frozen=True)
class FloorKind:
    """A floor, and whether it is made only where every two pairs can be compared."""

    prepare: Callable[[Scene, int], Floor]
    quadratic: bool = False


COMMON = "pool"
"""The floors that belong to no algorithm."""

OF_ALGORITHM = {
    COMMON: ("read embeddings", "product with 1,000 centers", "exact k-NN graph"),
    "k-center": ("one pass per pick",),
    "badge": ("one pass of both per pick",),
    "margin": ("margin in one pass",),
    "entropy": ("entropy in one pass",),
    "least confidence": ("largest in one pass",),
    "bald": ("information in one pass",),
    "typiclust": ("k-means, and neighbors within clusters",),
    "kmeans": ("k-means, a cluster a pick",),
    "qbc": ("information in one pass",),
    "batch-bald": ("information in one pass",),
    "information density": ("read embeddings",),
    "drop-query": ("read embeddings",),
    "lcmd": ("one pass per pick",),
    "bait": ("gains and changes of matrices",),
    "galaxy": ("a sort a class",),
}
"""Algorithm -> names of its floors; the first is the one that ours is held against."""

FLOORS = {
    "read embeddings": FloorKind(read_embeddings),
    "read probabilities": FloorKind(read_probabilities),
    "read stochastic predictions": FloorKind(read_samples),
    "product with 1,000 centers": FloorKind(product),
    "exact k-NN graph": FloorKind(graph, quadratic=True),
    "one pass per pick": FloorKind(k_center),
    "one pass of both per pick": FloorKind(badge),
    "margin in one pass": FloorKind(scored_in_one_pass(_margin)),
    "entropy in one pass": FloorKind(
        scored_in_one_pass(lambda p: torch.special.entr(p).sum(dim=1))
    ),
    "largest in one pass": FloorKind(scored_in_one_pass(lambda p: 1 - p.amax(dim=1))),
    "information in one pass": FloorKind(bald),
    "k-means, and neighbors within clusters": FloorKind(typical),
    "k-means, a cluster a pick": FloorKind(clusters),
    "gains and changes of matrices": FloorKind(fisher),
    "a sort a class": FloorKind(sorted_classes),
}
