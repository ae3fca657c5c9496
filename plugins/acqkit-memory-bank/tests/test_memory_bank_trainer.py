"""The trainer `memory-bank`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from acqkit_memory_bank import MemoryBankTrainer, label_pool
from acqkit_memory_bank.trainer import MemoryBankObjective
from numpy.testing import assert_allclose, assert_array_equal

from acqkit import PairEmbeddings
from acqkit.components.registry import registry
from acqkit.embeddings import IntArray
from acqkit.errors import ConfigError
from acqkit.interfaces import Pool, Trainer
from acqkit.models import Supervised, TwoTower, train
from acqkit.pool import PairPool
from acqkit.testing import LinearPairModel, conformance_test, make_pool

TINY = MemoryBankTrainer(min_steps=12, max_steps=12, batch_size=16, refreshes=3)

test_memory_bank_conforms = conformance_test(TINY)
test_a_small_memory_conforms = conformance_test(TINY.model_copy(update={"capacity": 20}))


def scene(multilabel: bool = False, labeled: int = 16, n: int = 60) -> PairPool:
    pool = make_pool(n, 3, multilabel=multilabel, labeled=labeled)
    return pool.with_labels(pool.labels)


def trained(trainer: Trainer, pool: PairPool, seed: int = 0) -> PairEmbeddings:
    model = TwoTower().build(pool, "cpu")
    trainer.fit(model, pool, seed)
    return model.embed(pool.batch(np.arange(len(pool)))).validate()


def assert_same(
    first: PairEmbeddings, second: PairEmbeddings, order: IntArray | None = None
) -> None:
    for one, other in zip(first.sides, second.sides, strict=True):
        for values, others in ((one.mean, other.mean), (one.probabilities, other.probabilities)):
            if values is None or others is None:
                assert values is others
                continue
            assert_allclose(others, values if order is None else values[order], atol=2e-5)


def test_it_is_found_by_name() -> None:
    made = registry().make("trainer", "memory-bank", {"neighbors": 5})
    assert isinstance(made, MemoryBankTrainer) and made.neighbors == 5


@pytest.mark.parametrize("labeled", [0, 16, 60])
@pytest.mark.parametrize("absent", [False, True])
def test_multilabel_pools_conform(absent: bool, labeled: int) -> None:
    pool = scene(multilabel=True, labeled=labeled)
    if absent:
        present = np.arange(60) % 5 != 0, np.arange(60) % 7 != 1
        pool = replace(pool, present=(present[0] | ~present[1], present[1]))
    assert_same(trained(TINY, pool), trained(TINY, pool))
    if labeled:
        probabilities = trained(TINY, pool).unified_probabilities()
        assert ((probabilities > 0) & (probabilities < 1)).all()


@pytest.mark.parametrize("multilabel", [False, True])
def test_without_labels_it_is_the_contrastive_pairing_alone(multilabel: bool) -> None:
    pool = scene(multilabel, labeled=0)
    plain = Supervised(min_steps=12, max_steps=12, batch_size=16)
    assert_same(trained(plain, pool), trained(TINY, pool))


@pytest.mark.parametrize("multilabel", [False, True])
def test_with_every_label_there_is_nothing_to_believe(multilabel: bool) -> None:
    pool = scene(multilabel, labeled=60)
    without = TINY.model_copy(update={"pseudo_weight": 0.0})
    assert_same(trained(without, pool), trained(TINY, pool))


def test_pairing_counts_less_where_labels_are_plenty() -> None:
    pool = scene(labeled=16)
    half = trained(TINY.model_copy(update={"pairing_weight": 1.0}), pool)
    assert_same(trained(TINY.model_copy(update={"plenty": 8.0}), pool), half)
    assert np.abs(half.a.mean - trained(TINY, pool).a.mean).max() > 1e-3
    assert_same(trained(TINY.model_copy(update={"plenty": 16.0}), pool), trained(TINY, pool))


def test_beliefs_are_learned_from_where_labels_lack() -> None:
    pool = scene()
    without = TINY.model_copy(update={"pseudo_weight": 0.0})
    difference = trained(without, pool).a.mean - trained(TINY, pool).a.mean
    assert np.abs(difference).max() > 1e-3


def test_where_labels_tell_nothing_of_each_other_nothing_is_believed() -> None:
    pool = scene(labeled=1)
    without = trained(TINY.model_copy(update={"pseudo_weight": 0.0}), pool)
    assert_same(trained(TINY, pool), without)


def test_permuting_the_pool_permutes_what_is_learned() -> None:
    pool = scene()
    order = np.random.default_rng(0).permutation(60)
    assert_same(trained(TINY, pool), trained(TINY, pool.take(order)), order)


def objective_after(trainer: MemoryBankTrainer, pool: Pool) -> MemoryBankObjective:
    objective = MemoryBankObjective(trainer)
    train(TwoTower().build(pool, "cpu"), pool, objective, trainer, 0)
    return objective


def test_the_memory_holds_the_pool_and_its_known_labels() -> None:
    pool = scene()
    bank = objective_after(TINY, pool).bank
    assert bank is not None and len(bank) == 60
    rows = bank.rows()
    known = bank.is_labeled(rows)
    assert_array_equal(bank.positions_of(rows)[known], pool.labels.labeled)
    for side in (0, 1):
        held = bank.probabilities[side, rows[known]]
        assert_array_equal(held, pool.labels.matrix[pool.labels.labeled])


def test_in_a_small_memory_pairs_take_turns() -> None:
    pool = scene()
    seen: set[int] = set()
    for refreshes in range(1, 7):
        how = TINY.model_copy(update={"capacity": 26, "refreshes": refreshes})
        bank = objective_after(how, pool).bank
        assert bank is not None and len(bank) == 26
        positions = bank.positions_of(bank.rows())
        assert set(pool.labels.labeled) <= set(positions)
        seen |= set(positions.tolist())
    assert len(seen) == 60


def test_it_learns_more_from_few_labels_than_labels_alone_teach() -> None:
    pool = make_pool(300, 4, labeled=8, seed=3)
    truth = pool.truth
    assert truth is not None
    pool = pool.with_labels(pool.labels)
    steps = {"min_steps": 60, "max_steps": 60, "batch_size": 32}
    plain, ours = (
        (truth * trained(trainer, pool).unified_probabilities()).sum(axis=1).mean()
        for trainer in (Supervised(**steps), MemoryBankTrainer(**steps))
    )
    assert ours > plain


def test_a_trainer_that_comes_after_is_given_the_pseudo_labels() -> None:
    pool = scene()
    model = TwoTower().build(pool, "cpu")
    TINY.fit(model, pool, 0)
    assert_array_equal(TINY.pool_beliefs(model, pool), label_pool(model, pool).probabilities)
    assert TINY.pool_beliefs(model, scene(labeled=0)) is None


def test_a_model_of_another_kind_is_refused() -> None:
    pool = scene()
    with pytest.raises(ConfigError, match="LinearPairModel has a fit of its own"):
        TINY.fit(LinearPairModel.for_pool(pool), pool, 7)
