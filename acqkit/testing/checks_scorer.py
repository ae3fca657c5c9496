"""Checks of scorers alone: one finite number a pair, whatever the block."""

from __future__ import annotations

from typing import cast

import numpy as np

from acqkit.interfaces import PreparedScorer, Scorer, Scores
from acqkit.testing.scenes import scattered, with_gaps
from acqkit.testing.subject import Subject, require


def score_shape(subject: Subject) -> None:
    """A block of k pairs gets k finite scores, and k values of every term."""
    for scene in (scattered(), with_gaps(multilabel=True)):
        context = scene.context()
        scorer = cast(Scorer, subject.component)
        if isinstance(scorer, PreparedScorer):
            scorer = scorer.prepare(context)
        for rows in (scene.candidates[:1], scene.candidates):
            result = scorer.score(scene.embeddings.take(rows), context)
            columns = (
                {"scores": result.values, **result.terms}
                if isinstance(result, Scores)
                else {"scores": np.asarray(result)}
            )
            for name, values in columns.items():
                require(
                    values.shape == rows.shape and np.isfinite(values).all(),
                    f"{subject.title} returned {name} of shape {values.shape} for {len(rows)} "
                    f"pairs, wanted {len(rows)} finite numbers",
                )


SCORER = (score_shape,)
