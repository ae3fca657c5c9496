"""DropQuery: which predictions waver, and the middle of each cluster of these."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scenarios import blobs, context_of

from acqkit.embeddings import BoolArray, FloatArray, IntArray, LinearClassifier
from acqkit.errors import EmbeddingError
from acqkit.interfaces import RoundContext
from acqkit.selection import select
from acqkit.strategies import DropQuery
from acqkit.strategies.drop_query import changed_share
from acqkit.strategies.kmeans import central_rows
from acqkit.testing.model import class_probabilities

W = np.random.default_rng(5).standard_normal((4, 6)).astype(np.float32)


def _context(x: FloatArray, multilabel: bool = False) -> RoundContext:
    p = class_probabilities(x @ W.T, multilabel)
    context = context_of(x, labeled=range(30), probabilities=p, multilabel=multilabel)
    classifier = LinearClassifier(W, np.zeros(4, dtype=np.float32))
    return replace(context, embeddings=replace(context.embeddings, classifier=classifier))


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("n", [5, 200])
def test_picks_are_the_middles_of_what_wavers(n: int, multilabel: bool) -> None:
    context = _context(blobs(300, 6), multilabel)
    candidates = context.canonical(context.candidates)
    z = context.embeddings.a.mean[candidates]
    rng = context.rng("drop-query")

    def predicted(points: FloatArray) -> IntArray:
        logits = points @ W.T
        return np.asarray(logits >= 0 if multilabel else logits.argmax(axis=1)[:, None], dtype=int)

    changes = np.zeros(len(z))
    for _ in range(3):
        kept = rng.random(z.shape, dtype=np.float32) >= 0.75
        changes += (predicted(z * kept) != predicted(z)).any(axis=1)
    wavering = np.flatnonzero(changes > 1.5)
    assert (len(wavering) >= n) == (n == 5 or multilabel)
    selection = select(DropQuery(), context, n)
    assert selection.scores is not None
    rows = np.argsort(candidates)[np.searchsorted(np.sort(candidates), selection.positions)]
    np.testing.assert_allclose(selection.scores, changes[rows] / 3, rtol=1e-6)
    if len(wavering) >= n:
        middle = central_rows(z[wavering], n, context.derive("drop-query"))
        assert selection.positions.tolist() == candidates[wavering[middle]].tolist()
    else:
        assert np.sort(selection.scores)[::-1] == pytest.approx(np.sort(changes / 3)[::-1][:n])


def test_nothing_changes_when_nothing_is_dropped_that_counts() -> None:
    points = np.eye(6, dtype=np.float32) * 3

    def first(x: FloatArray) -> BoolArray:
        return np.asarray(x[:, :1] * 0 > 1)

    assert (changed_share(points, first, 0.9, 5, np.random.default_rng(0)) == 0).all()

    def kept(x: FloatArray) -> BoolArray:
        return np.asarray(x > 1)

    shares = [
        changed_share(points.repeat(200, axis=0), kept, rate, 1, np.random.default_rng(0)).mean()
        for rate in (0.25, 0.75)
    ]
    assert shares == pytest.approx([0.25, 0.75], abs=0.05)


def test_columns_that_restate_classes_are_not_clustered() -> None:
    context = _context(blobs(300, 6))
    # With nearly nothing dropped all predictions stay, and picks are the first in any case.
    calm = DropQuery(rate=1e-9)
    picks = select(calm, context, 6).positions.tolist()
    side = context.embeddings.a
    assert side.probabilities is not None
    wide = replace(side, mean=np.hstack([side.mean, np.float32(50) * side.probabilities]))
    classifier = LinearClassifier(np.hstack([W, np.zeros((4, 4), "f")]), np.zeros(4, "f"))
    embeddings = replace(context.embeddings, a=wide, b=wide, classifier=classifier, content_dim=6)
    found = select(calm, replace(context, embeddings=embeddings), 6)
    assert found.positions.tolist() == picks


def test_it_says_what_classifier_it_needs() -> None:
    context = context_of(blobs(9, 2), probabilities=np.full((9, 4), 0.25))
    with pytest.raises(EmbeddingError, match=r"classifier of embeddings.*no model.*'badge'"):
        select(DropQuery(), context, 2)
