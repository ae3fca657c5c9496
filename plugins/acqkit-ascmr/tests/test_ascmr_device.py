"""On a device scores are those of the CPU; `cpu:0` goes the way of a GPU."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from acqkit_ascmr.scorer import Ascmr, Kind

from acqkit.selection import score_candidates
from acqkit.testing import make_context, make_embeddings, make_pool


@pytest.mark.parametrize(
    ("kind", "classes", "multilabel", "variance"),
    [
        ("information", 4, False, False),
        ("information", 4, False, True),
        ("information", 70, False, True),
        ("information", 4, True, False),
        ("match", 4, False, False),
        ("geometric", 4, False, True),
    ],
)
def test_scores_are_those_of_the_cpu(
    kind: Kind, classes: int, multilabel: bool, variance: bool
) -> None:
    pool = make_pool(120, classes, labeled=8, multilabel=multilabel)
    embeddings = make_embeddings(pool, variance=variance)
    a = replace(embeddings.a, present=np.arange(len(pool)) % 5 > 0)
    context = make_context(pool, replace(embeddings, a=a))
    scorer = Ascmr(kind=kind, steps=20)
    plain = score_candidates(scorer, context)
    there = score_candidates(scorer, replace(context, device="cpu:0"))
    scored = np.isfinite(plain.values)
    np.testing.assert_allclose(there.values[scored], plain.values[scored], rtol=1e-4, atol=1e-5)
    assert there.terms.keys() == plain.terms.keys()


def test_means_may_be_float16() -> None:
    pool = make_pool(60, labeled=8)
    embeddings = make_embeddings(pool, variance=False)
    a, b = (replace(side, mean=side.mean.astype(np.float16)) for side in embeddings.sides)
    full = (replace(side, mean=side.mean.astype(np.float32)) for side in (a, b))
    half = score_candidates(Ascmr(steps=5), make_context(pool, replace(embeddings, a=a, b=b)))
    a, b = full
    wanted = score_candidates(Ascmr(steps=5), make_context(pool, replace(embeddings, a=a, b=b)))
    np.testing.assert_allclose(half.values, wanted.values, rtol=1e-4, atol=1e-5)
