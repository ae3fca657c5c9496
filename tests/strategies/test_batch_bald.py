"""BatchBALD against all label sets of all picks, scikit-activeml, and its sampled self."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scenarios import ScriptedModel, blobs, context_of

from acqkit.embeddings import FloatArray
from acqkit.interfaces import RoundContext
from acqkit.selection import score_candidates, select
from acqkit.strategies import Bald, BatchBald
from acqkit.strategies.batch_bald import JointLabels, systematic


def _passes(shape: tuple[int, int, int], sharpness: float = 1.0, seed: int = 0) -> FloatArray:
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.full(shape[2], 1 / sharpness), shape[:2]).astype(np.float32)


def _information(p: FloatArray, rows: list[int]) -> float:
    """I(y₁, ..., y_k; w) of passes `[S, m, c]`, by enumeration."""
    exact = p[:, rows].astype(np.float64)
    joint = np.array(
        [
            np.prod([exact[:, i, y] for i, y in enumerate(labels)], axis=0).mean()
            for labels in product(range(p.shape[2]), repeat=len(rows))
        ]
    )
    total = -(joint * np.log(joint.clip(1e-300))).sum()
    return float(total - -(exact * np.log(exact.clip(1e-300))).sum(axis=(1, 2)).mean())


def _context(p: FloatArray, multilabel: bool = False) -> RoundContext:
    n, c = p.shape[1:]
    context = context_of(blobs(n, 3), probabilities=p[0], classes=c, multilabel=multilabel)
    return replace(context, model=ScriptedModel(p))


@pytest.mark.parametrize("seed", range(4))
def test_every_pick_adds_the_most_information(seed: int) -> None:
    p = _passes((6, 40, 3), sharpness=4, seed=seed)
    selection = select(BatchBald(samples=6), _context(p), 4)
    picks: list[int] = []
    assert selection.scores is not None
    for pick, score in zip(selection.positions.tolist(), selection.scores, strict=True):
        before = _information(p, picks) if picks else 0.0
        gains = [_information(p, [*picks, i]) - before if i not in picks else 0 for i in range(40)]
        assert score == pytest.approx(gains[pick], abs=1e-5)
        assert gains[pick] == pytest.approx(max(gains), abs=1e-5)
        picks.append(pick)


@pytest.mark.parametrize("seed", range(3))
def test_picks_equal_those_of_scikit_activeml(seed: int) -> None:
    peer = pytest.importorskip(
        "skactiveml.pool", reason="the peer is in the optional extra acqkit[peers]"
    )
    p = _passes((8, 60, 3), sharpness=3, seed=seed)
    utilities = peer.batch_bald(p.astype(np.float64), 5, n_MC_samples=3**5)
    selection = select(BatchBald(samples=8), _context(p), 5)
    assert selection.positions.tolist() == np.nanargmax(utilities, axis=1).tolist()


def test_beyond_what_is_enumerated_label_sets_are_drawn() -> None:
    p = _passes((10, 50, 2), sharpness=2)
    rows = np.arange(50)

    def joint(most: int, seed: int = 0) -> JointLabels:
        labels = JointLabels(p, False, most, np.random.default_rng(seed))
        for row in range(9):
            labels.pick(row)
        return labels

    exact = joint(512)
    assert len(exact.weights) == 512 and exact.weights.sum() == pytest.approx(1)
    drawn = [joint(200, seed).gains(rows) for seed in range(10)]
    np.testing.assert_allclose(np.mean(drawn, axis=0)[9:], exact.gains(rows)[9:], atol=0.02)
    assert len(joint(200).weights) == 200


def test_a_copy_tells_little_once_its_like_is_picked() -> None:
    # Passes that are sure of a pair but disagree: its label says which of them are right.
    sure = np.repeat([[0.999, 0.001], [0.001, 0.999]], 4, axis=0)
    other = np.tile([[0.9, 0.1], [0.1, 0.9]], (4, 1))
    p = np.stack([sure] * 9 + [other], axis=1).astype(np.float32)
    picks = select(BatchBald(samples=8), _context(p), 2).positions
    assert 9 in picks and set(select(BatchBald(samples=8), _context(p), 1).positions) < {*range(9)}
    plain = score_candidates(Bald(samples=8), _context(p)).values
    assert plain[9] < plain[:9].min()


def test_of_several_labels_the_first_pick_is_that_of_bald() -> None:
    p = np.random.default_rng(0).random((6, 30, 5)).astype(np.float32)
    context = _context(p, multilabel=True)
    selection = select(BatchBald(samples=6), context, 12)
    bald = score_candidates(Bald(samples=6), context).values
    assert selection.positions[0] == bald.argmax()
    assert selection.scores is not None
    assert selection.scores[0] == pytest.approx(bald.max(), rel=1e-5)
    assert (selection.scores <= bald[selection.positions] + 1e-4).all()


def test_the_posterior_of_several_labels_is_bayes_rule() -> None:
    p = np.array([[[0.9, 0.2]], [[0.3, 0.2]], [[0.5, 0.8]]], dtype=np.float32)
    joint = JointLabels(p, True, 20_000, np.random.default_rng(0))
    joint.pick(0)
    sets = np.array(list(product((0, 1), repeat=2)))
    likelihood = np.where(sets[:, None], p[:, 0], 1 - p[:, 0]).prod(axis=2)  # [4, S]
    posterior = likelihood / likelihood.sum(axis=1, keepdims=True)
    for row, share in zip(posterior, likelihood.mean(axis=1), strict=True):
        drawn = np.isclose(joint.posterior, row, atol=1e-5).all(axis=1)
        assert drawn.mean() == pytest.approx(share, abs=0.02)


def test_systematic_draws_are_in_proportion() -> None:
    weights = np.array([0.0, 0.25, 0.5, 0.25, 0.0])
    for seed in range(5):
        rows = systematic(weights, 8, np.random.default_rng(seed))
        assert np.bincount(rows, minlength=5).tolist() == [0, 2, 4, 2, 0]
