"""`TorchPairModel`: any two torch encoders as a model that acqkit can train and ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import torch
from torch import Tensor

from acqkit.embeddings import FloatArray, LinearClassifier, ModalityEmbeddings, PairEmbeddings
from acqkit.errors import EmbeddingError
from acqkit.interfaces import PairBatch, Pool
from acqkit.models.network import PairNetwork
from acqkit.models.outputs import Outputs
from acqkit.models.sampling import dropout_layers, shared_dropout
from acqkit.models.supervised import Supervised

ENCODE_BLOCK = 1024
"""Pairs encoded at a time: enough for speed, few enough for an image encoder's memory."""


class TorchPairModel(PairNetwork):
    """A `Model` and `SamplingModel` over any two encoders; see `PairNetwork` for arguments.

    Any trainer may train it: what it learned is in its parameters, and `embed` reads them.
    """

    def fit(self, pool: Pool, seed: int) -> None:
        """Train from scratch with the reference trainer and its defaults."""
        Supervised().fit(self, pool, seed)

    @torch.no_grad()
    def embed(self, batch: PairBatch) -> PairEmbeddings:
        """Embed `k` pairs: means `[k, d]`, probabilities `[k, c]` once labels were seen.

        Raises EmbeddingError for inputs that do not fit the encoders.
        """
        parts = [self(block) for block in _split(batch)]
        classifier = self.linear_classifier() if self.knows_classes else None
        sides = []
        for side, present in enumerate((batch.present_a, batch.present_b)):
            probabilities = None
            if self.knows_classes:
                probabilities = _numpy([self.probabilities(part.logits[side]) for part in parts])
            mean = _numpy([part.means[side] for part in parts])
            sides.append(ModalityEmbeddings(mean, None, probabilities, present))
        content_dim = self.dim if sides[0].mean.shape[1] > self.dim else None
        return PairEmbeddings(
            sides[0], sides[1], batch.positions, self.multilabel, classifier, content_dim
        )

    @torch.no_grad()
    def linear_classifier(self) -> LinearClassifier:
        """The classifier on means: it reads the unit feature and not the probabilities."""
        weight = self.logit_scale / self.shares[0] * self.class_weight
        if self.semantic_weight > 0:
            weight = torch.cat([weight, weight.new_zeros(self.n_classes, self.n_classes)], dim=1)
        return LinearClassifier(_numpy([weight]), _numpy([self.class_bias]))

    @torch.no_grad()
    def sample_probabilities(self, batch: PairBatch, n_samples: int, seed: int) -> FloatArray:
        """Class probabilities `[n_samples, k, c]` under dropout, ½(pᵃ + pᵇ) or the present one's.

        A pass uses one dropout mask for all pairs, and both modalities draw theirs from
        the same stream, so that neither blocks nor the order of modalities matter.

        Raises EmbeddingError where there is no dropout layer or no label was seen.
        """
        for name, encoder in zip("ab", self.encoders, strict=True):
            if not dropout_layers(encoder):
                raise EmbeddingError(
                    f"the encoder of modality {name} has no dropout layer to sample with; add "
                    "nn.Dropout, or choose a scorer that needs no stochastic predictions"
                )
        if not self.knows_classes:
            raise EmbeddingError(
                "the model was trained without labels and has no class probabilities to sample; "
                "label an initial set first (--initial)"
            )
        seeds = np.random.default_rng(seed).integers(2**62, size=n_samples).tolist()
        passes = np.empty((n_samples, len(batch), self.n_classes), dtype=np.float32)
        for number, pass_seed in enumerate(seeds):
            passes[number] = self._one_pass(batch, pass_seed)
        return passes

    def _one_pass(self, batch: PairBatch, seed: int) -> FloatArray:
        mixed = []
        for block in _split(batch):
            with ExitStack() as stack:
                for encoder in self.encoders:
                    generator = torch.Generator().manual_seed(seed)
                    stack.enter_context(shared_dropout(encoder, generator))
                outputs = self(block)
            mixed.append(self._mixture(outputs))
        return _numpy(mixed)

    def _mixture(self, outputs: Outputs) -> Tensor:
        p_a, p_b = (self.probabilities(logits) for logits in outputs.logits)
        present_a, present_b = outputs.present
        mixed = (p_a + p_b) / 2
        if present_b is not None:
            mixed = torch.where(present_b[:, None], mixed, p_a)
        if present_a is not None:
            mixed = torch.where(present_a[:, None], mixed, p_b)
        return mixed


def _split(batch: PairBatch) -> Iterator[PairBatch]:
    """Blocks small enough to encode; an empty batch is one empty block."""
    for start in range(0, max(len(batch), 1), ENCODE_BLOCK):
        part = slice(start, start + ENCODE_BLOCK)
        masks = [
            None if mask is None else mask[part] for mask in (batch.present_a, batch.present_b)
        ]
        yield PairBatch(batch.positions[part], batch.a[part], batch.b[part], *masks)


def _numpy(parts: list[Tensor]) -> FloatArray:
    return torch.cat(parts).cpu().numpy().astype(np.float32, copy=False)
