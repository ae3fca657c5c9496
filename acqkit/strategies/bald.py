"""Scorer `bald`: how much stochastic passes of the model disagree about a pair."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from acqkit.embeddings import FloatArray, PairEmbeddings
from acqkit.interfaces import Component, RoundContext
from acqkit.strategies.information import label_entropy
from acqkit.strategies.passes import stochastic_passes


class Bald(Component):
    """Information that a pair's labels would bring about the model, by MC dropout."""

    needs_means: ClassVar[bool] = False

    samples: int = Field(20, ge=2, description="stochastic passes over each pair")

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
        """I(y; w) = H(mean_s p_s) − mean_s H(p_s) `[k]` (Houlsby et al. 2011, Gal et al. 2017).

        p_s is the pair's prediction under dropout mask s; masks are the same in all blocks.
        Raises EmbeddingError when the model cannot sample or has not learned any label.
        """
        classes = block.unified_probabilities().shape[1]  # raises where there are none
        passes = stochastic_passes("bald", context, block.positions, self.samples, classes)
        parts = [_information(p, block.multilabel) for p in passes]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def _information(p: FloatArray, multilabel: bool) -> FloatArray:
    total = label_entropy(p.mean(axis=0), multilabel)
    expected = label_entropy(p, multilabel).mean(axis=0)
    # At least 0 by Jensen's inequality, up to rounding.
    return np.asarray(np.maximum(total - expected, 0))
