"""Strategy `qbc`: the pairs on whose label a committee votes differently."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from acqkit.components.compose import Composed
from acqkit.embeddings import FloatArray, PairEmbeddings
from acqkit.interfaces import Component, RoundContext, Selection
from acqkit.selection import check_budget
from acqkit.strategies.information import label_entropy
from acqkit.strategies.max_herding import classes_known, cover_first
from acqkit.strategies.passes import stochastic_passes
from acqkit.strategies.top import Top


class Qbc(Component):
    """Query by committee: the highest entropy of the votes of the model's stochastic passes."""

    members: int = Field(20, ge=2, description="stochastic passes, which are the committee")

    def select(self, context: RoundContext, n: int) -> Selection:
        """`n` picks with the highest vote entropy −Σ_c (V_c/M) log(V_c/M).

        From Dagan and Engelson 1995. Each of M members votes for its likeliest class,
        and V_c are the votes for class c. Members are the stochastic passes of the model or of an
        ensemble. Multi-label: a member votes on every class, p_c ≥ ½, and the entropies of the
        classes add up. (The mean divergence of the members from their mean, the other measure in
        use, is what the scorer `bald` gives.) Ties are broken at random, by the seed. Before there
        are class probabilities, `max-herding` picks. Raises EmbeddingError when the model cannot
        sample.
        """
        check_budget(n, len(context.candidates))
        if not classes_known(context.embeddings):
            return cover_first(context, n)
        return Composed(scorer=_Votes(members=self.members), allocator=Top()).select(context, n)


class _Votes(Component):
    """What `qbc` ranks by."""

    needs_means: ClassVar[bool] = False

    members: int

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
        """The entropy of the votes `[k]`."""
        classes = block.unified_probabilities().shape[1]
        passes = stochastic_passes("qbc", context, block.positions, self.members, classes)
        parts = [vote_entropy(p, block.multilabel) for p in passes]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def vote_entropy(passes: FloatArray, multilabel: bool) -> FloatArray:
    """Entropy in nats `[k]` of the votes of M members with probabilities `[M, k, c]`."""
    members, count, classes = passes.shape
    if multilabel:
        votes = (passes >= 0.5).sum(axis=0)
    else:
        pairs = np.arange(count) * classes + passes.argmax(axis=2)
        votes = np.bincount(pairs.ravel(), minlength=count * classes).reshape(count, classes)
    return label_entropy(votes.astype(np.float32) / np.float32(members), multilabel)
