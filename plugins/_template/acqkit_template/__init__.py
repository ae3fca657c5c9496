"""The strategy `template`: uncertain pairs first, with a little chance."""

from __future__ import annotations

import numpy as np
import pydantic
from numpy.typing import NDArray

import acqkit


class Template(acqkit.Component):
    """Picks the pairs whose class is least certain, loosened by chance.

    Wanted of a pair is Σ p(1 − p) over its class probabilities (Gini impurity, for single-
    and multi-label pools alike) plus `chance` times a random number in [0, 1). Without
    probabilities, before the first labels, it is the random number alone.
    """

    chance: float = pydantic.Field(0.1, ge=0, description="weight of chance beside uncertainty")

    def select(self, context: acqkit.RoundContext, n: int) -> NDArray[np.int64]:
        """Return `n` distinct members of `context.candidates`, which are positions in the pool."""
        candidates = context.candidates
        # One number per pair, from its id, the seed and the round: never use numpy.random here.
        wanted = self.chance * context.uniforms(positions=candidates)
        if context.embeddings.a.probabilities is None:
            wanted = context.uniforms(positions=candidates)
        else:
            p = context.embeddings.take(candidates).unified_probabilities()
            wanted += (p * (1 - p)).sum(axis=1)
        return candidates[np.argsort(-wanted)[:n]]


@acqkit.hookimpl
def acqkit_register_strategies() -> dict[str, type[acqkit.Component]]:
    """What this plugin offers, by name."""
    return {"template": Template}
