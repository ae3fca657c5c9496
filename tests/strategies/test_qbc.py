"""Query by committee: votes as scikit-activeml counts them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scenarios import ScriptedModel, blobs, context_of
from scipy.stats import bernoulli

from acqkit.errors import EmbeddingError
from acqkit.selection import select
from acqkit.strategies import Qbc
from acqkit.strategies.qbc import vote_entropy


def test_vote_entropy_equals_scikit_activeml() -> None:
    peer = pytest.importorskip(
        "skactiveml.pool", reason="the peer is in the optional extra acqkit[peers]"
    )
    passes = np.random.default_rng(0).dirichlet(np.ones(5), (7, 200)).astype(np.float32)
    wanted = peer.vote_entropy(passes.argmax(axis=2).T, classes=np.arange(5))
    np.testing.assert_allclose(vote_entropy(passes, False), wanted, atol=1e-6)


def test_of_several_labels_each_class_is_voted_on() -> None:
    passes = np.random.default_rng(0).random((9, 100, 6)).astype(np.float32)
    shares = (passes >= 0.5).mean(axis=0)
    wanted = bernoulli(shares).entropy().sum(axis=1)
    np.testing.assert_allclose(vote_entropy(passes, True), wanted, atol=1e-5)


def test_picks_are_what_the_committee_is_torn_about() -> None:
    passes = np.zeros((4, 50, 2), dtype=np.float32)
    passes[:, :, 0] = 0.9
    passes[2:, 10:15, 0] = 0.1  # 2 votes against 2
    passes[3:, 20:30, 0] = 0.1  # 3 against 1
    passes[:, :, 1] = 1 - passes[:, :, 0]
    found = set()
    for seed in range(4):
        context = context_of(blobs(50, 3), probabilities=passes[0], classes=2, seed=seed)
        context = replace(context, model=ScriptedModel(passes))
        selection = select(Qbc(members=4), context, 8)
        assert set(selection.positions[:5]) == set(range(10, 15))
        assert set(selection.positions[5:]) <= set(range(20, 30))
        assert selection.scores is not None
        np.testing.assert_allclose(selection.scores[:5], np.log(2), rtol=1e-6)
        found.add(tuple(sorted(selection.positions[5:].tolist())))
    assert len(found) > 1  # ties are broken by the seed


def test_it_says_what_model_it_needs() -> None:
    context = context_of(blobs(9, 2), probabilities=np.full((9, 4), 0.25))
    with pytest.raises(EmbeddingError, match=r"qbc needs a model with sample_probabilities"):
        select(Qbc(), context, 2)
