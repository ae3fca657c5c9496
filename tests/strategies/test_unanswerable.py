"""Pairs that nobody can answer for are covered by picks, and cover nothing themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from acqkit.embeddings import ModalityEmbeddings, PairEmbeddings
from acqkit.interfaces import RoundContext, Strategy
from acqkit.labels import SKIPPED, LabelState
from acqkit.selection import select
from acqkit.strategies.facility_location import FacilityLocation
from acqkit.strategies.max_herding import MaxHerding
from acqkit.strategies.probcover import ProbCover
from acqkit.strategies.typiclust import TypiClust
from acqkit.testing import make_pool

CROWD = np.arange(80)
"""Pairs near each other, of which four can be answered for; all of the twenty others can."""


@pytest.fixture
def crowd() -> RoundContext:
    rng = np.random.default_rng(0)
    centers = np.repeat(np.eye(2, 4), [len(CROWD), 20], axis=0)
    mean = (centers + 0.03 * rng.standard_normal((100, 4))).astype(np.float32)
    sides = [ModalityEmbeddings(mean), ModalityEmbeddings(mean)]
    pool = make_pool(100, 2).with_labels(LabelState.empty(100, 2))
    embeddings = PairEmbeddings(sides[0], sides[1], np.arange(100), False)
    candidates = np.concatenate([CROWD[::20], np.arange(80, 100)])
    return RoundContext(1, 0, pool, embeddings, candidates, waiting=np.arange(0))


@pytest.mark.parametrize("strategy", [MaxHerding(), FacilityLocation(), ProbCover(), TypiClust()])
def test_the_first_pick_is_where_most_pairs_are(strategy: Strategy, crowd: RoundContext) -> None:
    assert select(strategy, crowd, 1).positions[0] in CROWD
    assert set(select(strategy, crowd, 2).positions >= len(CROWD)) == {True, False}
    # Had they been asked for, they would be covered.
    asked = replace(crowd, waiting=np.setdiff1d(CROWD, crowd.candidates))
    assert select(strategy, asked, 1).positions[0] not in CROWD


def test_without_a_word_of_it_what_is_no_candidate_waits_for_an_answer(crowd: RoundContext) -> None:
    rounds = crowd.pool.labels.round.copy()
    rounds[[1, 2]], rounds[3] = 0, SKIPPED
    labels = LabelState(rounds, np.zeros((100, 2), np.uint8))
    pool = make_pool(100, 2).with_labels(labels)
    covering = replace(crowd, pool=pool, waiting=None).covering()
    wanted = np.setdiff1d(CROWD, [*crowd.candidates, 3])
    assert np.flatnonzero(covering).tolist() == wanted.tolist()
    assert np.flatnonzero(replace(crowd, pool=pool).covering()).tolist() == [1, 2]
