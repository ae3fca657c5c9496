"""Small pools that ours and the peers select from, in memory."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from acqkit.embeddings import LinearClassifier
from acqkit.neighbors import knn, unit
from suite.speed.scene import Scene

PAIRS, DIM, CLASSES, LABELED, PASSES, CLUSTERS = 600, 16, 4, 40, 10, 25


def make_scene(seed: int) -> Scene:
    """Clusters of unequal sizes, a linear classifier's predictions, and passes around these."""
    rng = np.random.default_rng([seed, PAIRS])
    share = rng.dirichlet(np.full(CLUSTERS, 2.0))
    centers = rng.standard_normal((CLUSTERS, DIM))
    noise = 0.5 * rng.standard_normal((PAIRS, DIM))
    mean = (centers[rng.choice(CLUSTERS, PAIRS, p=share)] + noise).astype(np.float32)
    weight = (rng.standard_normal((CLASSES, DIM)) / 2).astype(np.float32)
    logits = mean @ weight.T
    passes = logits + 1.5 * rng.standard_normal((PASSES, PAIRS, CLASSES))
    probabilities = softmax(logits, axis=1).astype(np.float32)
    labels = np.full(PAIRS, -1, dtype=np.int64)
    labeled = rng.choice(PAIRS, LABELED, replace=False)
    labels[labeled] = probabilities[labeled].argmax(axis=1)
    return Scene(
        mean=mean,
        variance=np.full_like(mean, 0.1),
        probabilities=probabilities,
        samples=softmax(passes, axis=2).astype(np.float32),
        labels=labels,
        classifier=LinearClassifier(weight, np.zeros(CLASSES, dtype=np.float32)),
        # Of a ball that holds ten others, in the middle of all pairs.
        radius=float(np.sqrt(np.median(knn(unit(mean), 10)[0][:, -1]))),
    )
