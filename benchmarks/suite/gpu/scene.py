"""A pool made on the device, which lies in the memory of the machine as a campaign's does."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from acqkit import PairEmbeddings, RoundContext
from acqkit.embeddings import LinearClassifier, ModalityEmbeddings
from acqkit.labels import LabelState
from acqkit.pool import PairPool
from acqkit.pool.features import ArrayFeatures

DIM, CLASSES, CLUSTERS, LABELED = 128, 20, 300, 500
_BLOCK = 1 << 18
_SEED = 20_250


@dataclass(frozen=True, eq=False)
class Scene:
    """Embeddings `[n, d]` float16 and class probabilities `[n, c]` float32 of both modalities."""

    embeddings: PairEmbeddings
    _rounds: dict[int, RoundContext] = field(default_factory=dict)

    @classmethod
    def made(cls, pairs: int, device: str) -> Scene:
        """Two views of 300 unequal Gaussian clusters at unit length, and a linear classifier."""
        generator = torch.Generator(device).manual_seed(_SEED)
        centers = torch.randn(CLUSTERS, DIM, generator=generator, device=device)
        shares = torch.rand(CLUSTERS, generator=generator, device=device).pow(3)
        weight = torch.randn(CLASSES, DIM, generator=generator, device=device) * 2
        means: list[Any] = [np.empty((pairs, DIM), dtype=np.float16) for _ in "ab"]
        probabilities = [np.empty((pairs, CLASSES), dtype=np.float32) for _ in "ab"]
        for start in range(0, pairs, _BLOCK):
            # Whole blocks are drawn, so that smaller pools are beginnings of larger ones.
            cluster = torch.multinomial(shares, _BLOCK, replacement=True, generator=generator)
            shared = centers[cluster] + 0.6 * _noise(generator, device)
            rows = slice(start, min(start + _BLOCK, pairs))
            for mean, known in zip(means, probabilities, strict=True):
                view = shared + 0.3 * _noise(generator, device)
                view = torch.nn.functional.normalize(view, dim=1).half()[: rows.stop - start]
                mean[rows] = view.cpu().numpy()
                known[rows] = (view.float() @ weight.T).softmax(dim=1).cpu().numpy()
        classifier = LinearClassifier(weight.cpu().numpy(), np.zeros(CLASSES, dtype=np.float32))
        a, b = (
            ModalityEmbeddings(mean, None, known)
            for mean, known in zip(means, probabilities, strict=True)
        )
        return cls(PairEmbeddings(a, b, np.arange(pairs), classifier=classifier))

    def context(self, pairs: int, device: str) -> RoundContext:
        """A round on the first pairs, of which up to 500 have labels."""
        if pairs not in self._rounds:
            self._rounds[pairs] = self._round(pairs)
        return replace(self._rounds[pairs], device=device)

    def _round(self, pairs: int) -> RoundContext:
        rng = np.random.default_rng(_SEED)
        labeled = np.sort(rng.choice(pairs, min(LABELED, pairs // 10), replace=False))
        own = self.embeddings.take(slice(0, pairs))
        assert own.a.probabilities is not None
        classes = np.eye(CLASSES, dtype=np.uint8)[own.a.probabilities[labeled].argmax(axis=1)]
        # The features are the model's, which has seen them.
        features = ArrayFeatures(np.zeros((pairs, 1), dtype=np.float32))
        pool = PairPool(
            features=(features, features),
            class_names=tuple(f"class{c}" for c in range(CLASSES)),
            name="gpu",
            modalities=("image", "text"),
            multilabel=False,
            known=LabelState.empty(pairs, CLASSES).with_answers(labeled, classes, 0),
        )
        return RoundContext(1, 0, pool, own, pool.labels.unlabeled)


def _noise(generator: torch.Generator, device: str) -> Tensor:
    return torch.randn(_BLOCK, DIM, generator=generator, device=device)


def raw_pool(pairs: int) -> PairPool:
    """Features of two modalities, `[n, 128]` each, with labels: what a model is trained on."""
    rng = np.random.default_rng(_SEED)
    cluster = rng.integers(CLUSTERS, size=pairs)
    shared = rng.standard_normal((CLUSTERS, DIM), np.float32)[cluster]
    a, b = (shared + rng.standard_normal((pairs, DIM), np.float32) for _ in "ab")
    labels = np.eye(CLASSES, dtype=np.uint8)[cluster % CLASSES]
    pool = PairPool.from_arrays(a, b, labels=labels)
    known = np.arange(0, pairs, max(1, pairs // LABELED))
    state = LabelState.empty(pairs, CLASSES).with_answers(known, labels[known], 0)
    return pool.with_labels(state)
