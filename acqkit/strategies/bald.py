"""Scorer `bald`: how much stochastic passes of the model disagree about a pair."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from acqkit.embeddings import FloatArray, IntArray, PairEmbeddings
from acqkit.errors import EmbeddingError
from acqkit.interfaces import Component, RoundContext, SamplingModel
from acqkit.strategies.information import label_entropy

_SAMPLES_AT_ONCE = 1 << 23
"""Probabilities held at once: 32 MiB of float32."""


class Bald(Component):
    """Information that a pair's labels would bring about the model, by MC dropout."""

    needs_means: ClassVar[bool] = False

    samples: int = Field(20, ge=2, description="stochastic passes over each pair")

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
        """I(y; w) = H(mean_s p_s) − mean_s H(p_s) `[k]` (Houlsby et al. 2011, Gal et al. 2017).

        p_s is the pair's prediction under dropout mask s; masks are the same in all blocks.
        Raises EmbeddingError when the model cannot sample or has not learned any label.
        """
        model = context.model
        if not isinstance(model, SamplingModel):
            got = "no model" if model is None else type(model).__name__
            raise EmbeddingError(
                f"bald needs a model with sample_probabilities (MC dropout or an ensemble), got "
                f"{got}: give the model dropout, or take the scorer 'entropy'"
            )
        classes = block.unified_probabilities().shape[1]  # raises where there are none
        size = max(_SAMPLES_AT_ONCE // (self.samples * classes), 1)
        parts = [
            self._information(model, block.positions[start : start + size], block, context)
            for start in range(0, len(block), size)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)

    def _information(
        self, model: SamplingModel, rows: IntArray, block: PairEmbeddings, context: RoundContext
    ) -> FloatArray:
        batch = context.pool.batch(rows)
        p = model.sample_probabilities(batch, self.samples, context.derive("bald"))
        p = np.asarray(p, dtype=np.float32)
        total = label_entropy(p.mean(axis=0), block.multilabel)
        expected = label_entropy(p, block.multilabel).mean(axis=0)
        # At least 0 by Jensen's inequality, up to rounding.
        return np.asarray(np.maximum(total - expected, 0))
