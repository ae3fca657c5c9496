"""What picks are worth by what their strategy optimizes; higher is better."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import entr

from acqkit.embeddings import Float64Array, IntArray
from acqkit.neighbors import kmeans, unit
from acqkit.strategies.badge import hallucinated_residual
from suite.speed.ours import context_of
from suite.speed.scene import Scene

_MASKS = 200
"""Masks by which it is counted how often predictions change."""


def votes(scene: Scene, picks: IntArray) -> float:
    """Sum over picks of the entropy of the committee's votes."""
    chosen = scene.samples[:, picks].argmax(axis=2)
    shares = np.stack([(chosen == c).mean(axis=0) for c in range(scene.samples.shape[2])])
    return float(entr(shares).sum())


def joint_information(scene: Scene, picks: IntArray) -> float:
    """I(y₁ ... y_k; w), over all sets of labels."""
    p = scene.samples[:, picks].astype(np.float64)
    count, k, classes = p.shape
    joint = np.zeros(classes**k)
    for place, labels in enumerate(itertools.product(range(classes), repeat=k)):
        joint[place] = p[:, np.arange(k), labels].prod(axis=1).mean()
    return float(entr(joint).sum() - entr(p).sum() / count)


def potential(scene: Scene, picks: IntArray) -> float:
    """Minus the sum of squared distances of gradients to the nearest picked one (k-means++)."""
    p = np.array(scene.probabilities[scene.unlabeled])
    residual = hallucinated_residual(p, multilabel=False)
    gradients = (residual[:, :, None] * scene.mean[scene.unlabeled][:, None]).reshape(len(p), -1)
    chosen = gradients[np.searchsorted(scene.unlabeled, picks)]
    return -float(cdist(gradients, chosen, "sqeuclidean").min(axis=1).sum())


def typicality(scene: Scene, picks: IntArray) -> float:
    """Mean inverse distance of a pick to its 20 nearest pairs, on the unit sphere."""
    x = unit(scene.mean).astype(np.float64)
    nearest = np.sort(cdist(x[picks], x), axis=1)[:, 1:21]
    return float((1 / nearest.mean(axis=1)).mean())


def cluster_sizes(scene: Scene, picks: IntArray) -> float:
    """Sum of the sizes of the picks' clusters, which are those of `typiclust`."""
    context = context_of(scene)
    order = context.canonical(np.arange(len(scene.mean)))
    count = len(picks) + len(scene.labeled)
    _, cluster = kmeans(unit(scene.mean)[order], count, context.derive("typiclust"))
    rows = np.argsort(order)[picks]
    return float(np.bincount(cluster)[cluster[rows]].sum())


def kernel_coverage(scene: Scene, picks: IntArray) -> float:
    """Mean over pairs of the largest exp(−‖x − y‖²) to a pick or label, on the unit sphere."""
    x = unit(scene.mean).astype(np.float64)
    squared = cdist(x, x[np.concatenate([picks, scene.labeled])], "sqeuclidean")
    return float(np.exp(-squared.min(axis=1)).mean())


def wavering(scene: Scene, picks: IntArray) -> float:
    """How often the predictions of picks change when three quarters of the features are lost."""
    weight, x = scene.classifier.weight, scene.mean[picks]
    kept = np.random.default_rng(0).random((_MASKS, *x.shape)) >= 0.75
    changed = ((x * kept) @ weight.T).argmax(axis=2) != (x @ weight.T).argmax(axis=1)
    return float(changed.mean())


def spread(scene: Scene, picks: IntArray) -> float:
    """Minus the sum of squared distances of pairs to the nearest pick or label."""
    x = scene.mean.astype(np.float64)
    squared = cdist(x, x[np.concatenate([picks, scene.labeled])], "sqeuclidean")
    return -float(squared.min(axis=1).sum())


def regression_prior(scene: Scene) -> float:
    """λ of a prior that weighs as much as an average pair, for one output of known noise."""
    return float((scene.mean.astype(np.float64) ** 2).mean())


def remaining_variance(scene: Scene, picks: IntArray) -> float:
    """Minus tr(M⁻¹F) of a linear regression: the mean variance that is left over the pool."""
    x = scene.mean.astype(np.float64)
    known = x[np.concatenate([picks, scene.labeled])]
    matrix: Float64Array = regression_prior(scene) * np.eye(x.shape[1]) + known.T @ known
    return -float(np.trace(np.linalg.solve(matrix, x.T @ x / len(x))))
