"""What a fitted model says of every pair."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from acqkit_embedding_transfer import Source
from numpy.testing import assert_allclose, assert_array_equal

from acqkit.embeddings import FloatArray, PairEmbeddings
from acqkit.interfaces import Model, ModelFactory, PairBatch, Pool, Trainer
from acqkit.models import LogisticPair, OwnFit, Supervised, TwoTower, blocks_of
from acqkit.pool import PairPool
from acqkit.testing import LinearPairModel, make_pool

CPU = torch.device("cpu")


def scene(n: int = 30, labeled: int = 10, *, lacking: bool = True) -> PairPool:
    pool = make_pool(n, 3, labeled=labeled)
    order = np.arange(n)
    if lacking:
        has_a = order % 4 != 0
        pool = replace(pool, present=(has_a, (order % 5 != 1) | ~has_a))
    return pool.with_labels(pool.labels)


def embedded(model: Model, pool: Pool) -> PairEmbeddings:
    return model.embed(pool.batch(np.arange(len(pool))))


def length_one(row: FloatArray) -> FloatArray:
    return np.asarray(row / np.linalg.norm(row), dtype=np.float32)


def test_features_are_means_of_unit_embeddings_of_what_is_there() -> None:
    pool = scene()
    model = LinearPairModel.for_pool(pool)
    found = Source.of(model, pool, CPU).features.numpy()
    a, b = embedded(model, pool).sides
    assert a.present is not None and b.present is not None
    for row in range(30):
        there = [length_one(side.mean[row]) for side in (a, b) if side.present[row]]  # type: ignore[index]
        assert_allclose(found[row], length_one(np.sum(there, axis=0)), atol=1e-6)
    assert (~a.present).sum() > 0 and (~b.present).sum() > 0


def test_both_modalities_count_alike_whatever_their_lengths() -> None:
    pool = scene(lacking=False)
    model = LinearPairModel.for_pool(pool)
    a, b = model.projections
    longer = LinearPairModel((100 * a, b), model.classifier)
    found, expected = (Source.of(each, pool, CPU).features for each in (longer, model))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_known_labels_take_the_place_of_beliefs() -> None:
    pool = scene()
    model = LinearPairModel.for_pool(pool)
    beliefs = np.random.default_rng(0).random((30, 3)).astype(np.float32)
    before = beliefs.copy()
    found = Source.of(model, pool, CPU, beliefs)
    assert found.beliefs is not None
    known, unknown = pool.labels.labeled, pool.labels.unlabeled
    assert_array_equal(found.beliefs.numpy()[unknown], beliefs[unknown])
    assert_array_equal(found.beliefs.numpy()[known], pool.labels.matrix[known])
    assert_array_equal(beliefs, before)
    torch.testing.assert_close(found.features, Source.of(model, pool, CPU).features)


@pytest.mark.parametrize("size", [1, 7, 29])
def test_the_size_of_blocks_does_not_matter(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = scene()
    model = LinearPairModel.for_pool(pool)
    whole, asked = Source.of(model, pool, CPU), []

    def small_blocks(pool: Pool) -> Iterator[PairBatch]:
        for block in blocks_of(pool, size):
            asked.append(len(block))
            yield block

    monkeypatch.setattr("acqkit_embedding_transfer.source.blocks_of", small_blocks)
    found = Source.of(model, pool, CPU)
    assert sum(asked) == 30 and max(asked) == size
    torch.testing.assert_close(found.features, whole.features)


@pytest.mark.parametrize("labeled", [0, 10])
@pytest.mark.parametrize(
    ("factory", "trainer"),
    [
        (LogisticPair(), OwnFit()),
        (TwoTower(hidden=8, dim=4), Supervised(min_steps=5, max_steps=5)),
    ],
)
def test_any_model_can_be_asked(factory: ModelFactory, trainer: Trainer, labeled: int) -> None:
    pool = scene(labeled=labeled)
    model = factory.build(pool, "cpu")
    trainer.fit(model, pool, 0)
    found = Source.of(model, pool, CPU)
    assert_allclose(found.features.norm(dim=1), np.ones(30), atol=1e-5)
    assert (found.beliefs is not None) == (labeled > 0)


def test_without_given_beliefs_the_sources_own_count_where_classes_exclude_each_other() -> None:
    pool = scene()
    model = LinearPairModel.for_pool(pool)
    found = Source.of(model, pool, CPU)
    assert found.beliefs is not None and not found.trusted
    known, unknown = pool.labels.labeled, pool.labels.unlabeled
    own = embedded(model, pool).unified_probabilities()
    assert_array_equal(found.beliefs.numpy()[unknown], own[unknown])
    assert_array_equal(found.beliefs.numpy()[known], pool.labels.matrix[known])
    assert Source.of(model, pool, CPU, own).trusted
    several = make_pool(30, 3, labeled=10, multilabel=True)
    assert Source.of(LinearPairModel.for_pool(several), several, CPU).beliefs is None
