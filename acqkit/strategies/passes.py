"""Stochastic predictions of a model, which the strategies on a committee share."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from acqkit.embeddings import FloatArray, IntArray
from acqkit.errors import EmbeddingError
from acqkit.interfaces import RoundContext, SamplingModel

_SAMPLES_AT_ONCE = 1 << 23
"""Probabilities held at once: 32 MiB of float32."""


def stochastic_passes(
    who: str, context: RoundContext, positions: IntArray, samples: int, classes: int
) -> Iterator[FloatArray]:
    """Class probabilities `[samples, m, c]` of the pairs at `positions`, some of them at a time.

    Members of the committee are the same in all blocks. Raises EmbeddingError, naming `who`
    asks, when the model cannot sample or has not learned any label.
    """
    model = context.model
    if not isinstance(model, SamplingModel):
        got = "no model" if model is None else type(model).__name__
        raise EmbeddingError(
            f"{who} needs a model with sample_probabilities (MC dropout or an ensemble), got "
            f"{got}: give the model dropout, or take the scorer 'entropy'"
        )
    size = max(_SAMPLES_AT_ONCE // (samples * classes), 1)
    for start in range(0, len(positions), size):
        batch = context.pool.batch(positions[start : start + size])
        passes = model.sample_probabilities(batch, samples, context.derive("bald"))
        yield np.asarray(passes, dtype=np.float32)
