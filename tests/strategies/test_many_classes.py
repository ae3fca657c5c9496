"""Thousands of classes: what is done otherwise for the sake of time agrees with what is plain."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from scenarios import blobs, context_of
from scipy.special import expit, softmax

from acqkit.interfaces import Scorer
from acqkit.selection import score_candidates, select
from acqkit.strategies import Badge, Entropy, LeastConfidence, Margin
from acqkit.strategies.batch_bald import leading_classes
from acqkit.strategies.information import label_entropy
from acqkit.strategies.margin import closeness
from acqkit.strategies.probe import Probe


def test_margins_of_wide_rows_are_those_of_sorted_ones() -> None:
    p = np.random.default_rng(0).dirichlet(np.ones(90), 50).astype(np.float32)
    p[3, 7] = p[3, 70] = 2.0  # two that are equally likely
    top = np.sort(p, axis=1)
    np.testing.assert_array_equal(closeness(p, False), top[:, -2] - top[:, -1])


@pytest.mark.parametrize("multilabel", [False, True])
def test_classes_without_a_label_cost_the_probe_nothing(multilabel: bool) -> None:
    rng = np.random.default_rng(0)
    x, classes = rng.standard_normal((40, 6)).astype(np.float32), 30
    labels = np.eye(classes, dtype=np.uint8)[3 * (x[:, 0] > 0) + 11 * (x[:, 1] > 0)]
    probe = Probe.fit(x, labels, multilabel)
    assert probe.seen.tolist() == [0, 3, 11, 14] and probe.unseen == 26
    assert probe.weight.shape == (6, 4) and probe.steepness > 0
    f = np.zeros((40, classes))
    f[:, probe.seen] = (x - probe.center) @ probe.weight
    shares = (labels.sum(axis=0) + 1) / (40 + (2 if multilabel else classes))
    prior = np.log(shares) - (np.log1p(-shares) if multilabel else 0)
    logits = probe.steepness * f + prior
    wanted = expit(logits) if multilabel else softmax(logits, axis=1)
    np.testing.assert_allclose(probe.probabilities(x), wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("multilabel", [False, True])
def test_classes_taken_together_tell_at_most_what_they_tell_apart(multilabel: bool) -> None:
    rng = np.random.default_rng(0)
    drawn = rng.random((5, 20, 12)) if multilabel else rng.dirichlet(np.full(12, 0.1), (5, 20))
    p = drawn.astype(np.float32)
    kept = leading_classes(p, multilabel, 4)
    assert kept.shape == (5, 20, 4) and leading_classes(p, multilabel, 12) is p
    if not multilabel:
        np.testing.assert_allclose(kept.sum(axis=2), 1, atol=1e-6)
    few, all_ = (
        label_entropy(each.mean(axis=0), multilabel) - label_entropy(each, multilabel).mean(axis=0)
        for each in (kept, p)
    )
    assert (few <= all_ + 1e-5).all() and few.sum() > all_.sum() / 3


@pytest.mark.parametrize("part", [Entropy(), LeastConfidence(), Margin(), Badge()])
def test_what_is_held_is_little_more_than_the_arrays(part: Scorer | Badge) -> None:
    n, classes = 1_200, 4_000
    p = np.random.default_rng(0).random((n, classes), dtype=np.float32)
    context = replace(context_of(blobs(n, 3), probabilities=p, classes=classes), block_size=16_384)
    tracemalloc.start()
    if isinstance(part, Badge):
        select(part, context, 5)
    else:
        score_candidates(part, context)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Badge keeps residuals; beyond them, and for scores, there are blocks of a few MiB.
    assert peak < (p.nbytes if isinstance(part, Badge) else 0) + (40 << 20)
