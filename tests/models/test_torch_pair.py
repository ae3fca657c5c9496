"""`TorchPairModel` over own encoders and over the default MLP."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax
from torch import nn
from toy import (
    QUICK,
    SMALL,
    collate_images,
    collate_texts,
    difference,
    embedded,
    hidden_truth,
    lacking,
    own_model,
    raw_pool,
    trained,
)

from acqkit.errors import EmbeddingError, PoolError
from acqkit.interfaces import Model, PairBatch, SamplingModel
from acqkit.models.standardize import Standardize
from acqkit.models.supervised import Supervised
from acqkit.models.torch_pair import TorchPairModel
from acqkit.models.two_tower import TwoTower
from acqkit.pool import PairPool
from acqkit.testing import make_pool


@pytest.mark.parametrize("multilabel", [False, True])
def test_logits_are_linear_in_the_mean(multilabel: bool) -> None:
    pool = make_pool(80, 4, multilabel=multilabel, labeled=30)
    embeddings = embedded(trained(pool), pool)
    assert embeddings.classifier is not None
    weight, bias = embeddings.classifier.weight, embeddings.classifier.bias
    for side in embeddings.sides:
        assert side.probabilities is not None
        logits = side.mean @ weight.T + bias
        expected = expit(logits) if multilabel else softmax(logits, axis=1)
        np.testing.assert_allclose(side.probabilities, expected, atol=1e-6)


def test_mean_is_of_unit_length_with_the_weighted_direction_of_probabilities() -> None:
    pool = make_pool(50, 3, labeled=20)
    side = embedded(trained(pool), pool).a
    assert side.probabilities is not None
    direction = side.probabilities / np.linalg.norm(side.probabilities, axis=1, keepdims=True)
    np.testing.assert_allclose(np.linalg.norm(side.mean, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(side.mean[:, 6:], direction * 2 / np.sqrt(5), atol=1e-5)


def test_without_semantic_weight_the_mean_is_the_feature() -> None:
    pool = make_pool(50, 3, labeled=20)
    model = TwoTower(hidden=8, dim=6, semantic_weight=0).build(pool, "cpu")
    QUICK.fit(model, hidden_truth(pool), 0)
    embeddings = embedded(model, pool)
    assert embeddings.dim == 6
    assert embeddings.classifier is not None and embeddings.classifier.weight.shape == (3, 6)


def test_without_labels_there_are_no_probabilities() -> None:
    embeddings = embedded(trained(make_pool(50, 3)), make_pool(50, 3))
    assert embeddings.classifier is None
    assert embeddings.a.probabilities is None and embeddings.b.probabilities is None
    assert embeddings.dim == 6


def test_blocks_embed_as_the_whole() -> None:
    pool = make_pool(90, 3, labeled=20)
    model = trained(pool)
    whole = embedded(model, pool)
    for start in range(0, 90, 7):
        rows = np.arange(start, min(start + 7, 90))
        assert difference(model.embed(pool.batch(rows)), whole.take(rows)) < 1e-6


def test_more_pairs_than_are_encoded_at_once() -> None:
    pool = make_pool(1500, 3, labeled=20)
    model = trained(pool)
    last = np.arange(1400, 1500)
    assert difference(model.embed(pool.batch(last)), embedded(model, pool).take(last)) < 1e-6


def test_an_empty_batch() -> None:
    pool = make_pool(30, 3, labeled=20)
    embeddings = trained(pool).embed(pool.batch(np.arange(0)))
    assert embeddings.a.mean.shape == (0, 9)


def test_it_is_a_model_that_samples() -> None:
    model = own_model(make_pool())
    assert isinstance(model, Model) and isinstance(model, SamplingModel)


def test_fit_is_the_reference_trainer(monkeypatch: pytest.MonkeyPatch) -> None:
    # Its defaults would take seconds.
    monkeypatch.setattr("acqkit.models.torch_pair.Supervised", lambda: QUICK)
    pool = hidden_truth(make_pool(40, 2, labeled=10))
    first, second = own_model(pool), own_model(pool)
    first.fit(pool, 4)
    QUICK.fit(second, pool, 4)
    assert difference(embedded(first, pool), embedded(second, pool)) == 0


def test_reset_restores_what_the_user_brought() -> None:
    pool = make_pool(60, 3, labeled=20)
    model = own_model(pool)
    before = {name: value.clone() for name, value in model.encoders.state_dict().items()}
    QUICK.fit(model, hidden_truth(pool), 0)
    assert any(not torch.equal(before[k], v) for k, v in model.encoders.state_dict().items())
    model.reset(3)
    assert all(torch.equal(before[k], v) for k, v in model.encoders.state_dict().items())
    assert not model.knows_classes


def test_reset_of_the_default_model_is_seeded_and_leaves_the_scaling() -> None:
    model = SMALL.build(make_pool(), "cpu")
    states = []
    for seed in (1, 2, 1):
        model.reset(seed)
        states.append({name: value.clone() for name, value in model.state_dict().items()})
    assert all(torch.equal(states[0][k], states[2][k]) for k in states[0])
    changed = {k for k in states[0] if not torch.equal(states[0][k], states[1][k])}
    assert {"encoders.0.2.weight", "encoders.1.5.bias"} <= changed
    assert not any("center" in k or "scale" in k for k in changed)


def test_reset_leaves_the_global_generator() -> None:
    model = SMALL.build(make_pool(), "cpu")
    before = torch.get_rng_state()
    model.reset(5)
    assert torch.equal(before, torch.get_rng_state())


def test_missing_modalities_are_masked_and_never_encoded() -> None:
    pool = lacking(make_pool(60, 3, labeled=30))
    model = trained(pool)
    embeddings = embedded(model, pool)
    batch = pool.batch(np.arange(60))
    assert embeddings.a.present is not None and batch.present_a is not None
    np.testing.assert_array_equal(embeddings.a.present, batch.present_a)
    poisoned = replace(batch, a=np.where(batch.present_a[:, None], batch.a, np.nan))
    assert difference(model.embed(poisoned).validate(), embeddings) < 1e-6


def test_a_block_that_lacks_a_modality_altogether() -> None:
    pool = lacking(make_pool(60, 3, labeled=30))
    lacks_a = np.arange(0, 60, 4)
    assert trained(pool).embed(pool.batch(lacks_a)).validate().a.mean.shape == (15, 9)


def test_raw_items_go_through_collate() -> None:
    pool = raw_pool()
    model = TorchPairModel(
        nn.Linear(2, 4),
        nn.Linear(2, 4),
        dim=4,
        n_classes=2,
        multilabel=False,
        collate=(collate_images, collate_texts),
    )
    Supervised(min_steps=150, max_steps=150, batch_size=32, learning_rate=0.02).fit(model, pool, 0)
    probabilities = embedded(model, pool).unified_probabilities()
    truth = np.array([item.count("b") > 0 for item in pool.batch(np.arange(60)).b])
    assert ((probabilities[:, 1] > 0.5) == truth).mean() > 0.95


def test_raw_items_that_lack_a_modality_are_not_collated() -> None:
    batch = raw_pool().batch(np.arange(4))
    items = [item if row != 2 else None for row, item in enumerate(batch.a)]
    model = TorchPairModel(
        nn.Linear(2, 4),
        nn.Linear(2, 4),
        dim=4,
        n_classes=2,
        multilabel=False,
        collate=(collate_images, collate_texts),
    )
    present = np.array([True, True, False, True])
    embeddings = model.embed(PairBatch(batch.positions, items, batch.b, present)).validate()
    assert embeddings.a.mean.shape == (4, 4)


def test_raw_items_without_collate_are_refused() -> None:
    pool = raw_pool()
    model = TorchPairModel(nn.Linear(2, 4), nn.Linear(2, 4), dim=4, n_classes=2, multilabel=False)
    with pytest.raises(EmbeddingError, match=r"modality a yields raw items \(list\).*collate"):
        embedded(model, pool)
    with pytest.raises(PoolError, match="yields raw items, and a two-tower MLP needs features"):
        TwoTower().build(pool, "cpu")


def test_an_encoder_of_another_width_is_refused() -> None:
    pool = make_pool(10, 3)
    model = TorchPairModel(nn.Linear(8, 4), nn.Linear(6, 5), dim=4, n_classes=3, multilabel=False)
    message = r"modality b returned \(10, 5\) for 10 pairs, wanted .* \(10, 4\)"
    with pytest.raises(EmbeddingError, match=message):
        embedded(model, pool)


def test_features_of_another_width_are_refused() -> None:
    model, other = trained(make_pool(30, 3)), make_pool(30, 3, dims=(8, 7))
    with pytest.raises(EmbeddingError, match=r"modality text has .* \(30, 7\).* width of 6"):
        embedded(model, other)


def test_scaling_is_that_of_the_present_pairs() -> None:
    pool = lacking(make_pool(200, 3))
    batch = pool.batch(np.arange(200))
    model = SMALL.build(pool, "cpu")
    for encoder, features, present in zip(
        model.encoders, (batch.a, batch.b), (batch.present_a, batch.present_b), strict=True
    ):
        assert isinstance(encoder, nn.Sequential) and present is not None
        scaling = encoder[0]
        assert isinstance(scaling, Standardize)
        rows = features[present].astype(np.float64)
        np.testing.assert_allclose(scaling.center.numpy(), rows.mean(axis=0), atol=1e-5)
        expected = np.sqrt(rows.var(axis=0).mean())
        assert float(scaling.scale) == pytest.approx(expected, rel=1e-5)


def test_constant_features_stay_finite() -> None:
    ones = np.full((40, 3), 0.1, np.float32)
    pool = PairPool.from_arrays(ones, ones * 3, labels=np.arange(40) % 2)
    pool = pool.with_labels(pool.labels)
    embedded(trained(pool), pool)


def test_content_is_what_the_encoders_saw() -> None:
    pool = make_pool(60, 3, labeled=30)
    model = trained(pool)
    embeddings = embedded(model, pool)
    content = embeddings.content()
    assert content.dim == model.dim < embeddings.dim
    assert content.classifier is not None and embeddings.classifier is not None
    for side, whole in zip(content.sides, embeddings.sides, strict=True):
        logits = side.mean @ content.classifier.weight.T
        np.testing.assert_allclose(logits, whole.mean @ embeddings.classifier.weight.T, atol=1e-5)
    model.reset(0)
    assert embedded(model, pool).content().dim == model.dim
