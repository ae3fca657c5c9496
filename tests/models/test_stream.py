"""A pool that is too large to be held at once is learned from as a stream of blocks."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch

from acqkit.labels import LabelState
from acqkit.models import stream, two_tower
from acqkit.models.data import TrainingData
from acqkit.models.stream import BlockStream
from acqkit.models.supervised import Supervised
from acqkit.pool import PairPool
from acqkit.testing import make_pool


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> PairPool:
    """103 pairs in blocks of 10, of which 3 are a window; 12 pairs have labels."""
    monkeypatch.setattr(stream, "BLOCK", 10)
    monkeypatch.setattr(stream, "WINDOW_BYTES", 0)
    monkeypatch.setattr(stream, "_FEWEST", 3)
    made = make_pool(n=103)
    labels = LabelState.empty(103, len(made.class_names)).with_answers(
        np.arange(3, 99, 8), np.eye(len(made.class_names), dtype=np.uint8)[np.arange(12) % 2], 0
    )
    return made.with_labels(labels)


def batches(pool: PairPool, size: int, seed: int = 0) -> list[tuple[int, np.ndarray]]:
    known = pool.labels.round >= 0
    drawn = BlockStream(pool, known).batches(size, torch.Generator().manual_seed(seed))
    return list(islice(drawn, 40))


def test_an_epoch_has_each_pair_once_at_most(pool: PairPool) -> None:
    first = np.concatenate([rows for epoch, rows in batches(pool, 7) if epoch == 0])
    assert len(np.unique(first)) == len(first) > 103 - 4 * 7
    assert {len(rows) for _, rows in batches(pool, 7)} == {7}
    assert not all(
        np.array_equal(one[1], other[1])
        for one, other in zip(batches(pool, 7), batches(pool, 7, seed=1), strict=True)
    )


def test_a_batch_is_of_few_blocks(pool: PairPool) -> None:
    for _, rows in batches(pool, 7):
        assert len(np.unique(rows // 10)) <= 3


def test_features_are_those_of_the_pool(pool: PairPool) -> None:
    known = pool.labels.round >= 0
    streamed = BlockStream(pool, known)
    labeled = np.flatnonzero(known)[::-1]
    for _, rows in batches(pool, 7):
        both = np.concatenate([labeled, rows])
        one, other = streamed.batch(both), pool.batch(both)
        assert np.array_equal(one.a, other.a) and np.array_equal(one.b, other.b)


def test_a_step_costs_the_same_on_any_pool(pool: PairPool, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    original = PairPool.batch

    def counted(self: PairPool, positions: np.ndarray) -> object:
        read.append(len(positions))
        return original(self, positions)

    monkeypatch.setattr(PairPool, "batch", counted)
    data = TrainingData(pool, torch.device("cpu"), cache_bytes=0)
    for _, rows in islice(data.batches(7, torch.Generator().manual_seed(0)), 3):
        data.batch(rows)
    assert sum(read) <= 3 * 10 + 12  # a window, and what is labeled


def test_a_streamed_training_learns_and_is_the_same_again(
    pool: PairPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acqkit.models.data.CACHE_BYTES", 0)
    monkeypatch.setattr(TrainingData.__init__, "__defaults__", (0,))
    states = []
    for _ in range(2):
        model = two_tower.TwoTower(hidden=8, dim=4).build(pool, "cpu")
        Supervised(min_steps=6, max_steps=6, batch_size=16).fit(model, pool, 1)
        states.append(model.state())
    assert states[0] is not None and states[1] is not None
    for name, values in states[0].arrays.items():
        assert np.array_equal(values, states[1].arrays[name])
