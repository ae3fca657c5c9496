"""Stochastic predictions of `TorchPairModel` by dropout."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from toy import (
    QUICK,
    difference,
    embedded,
    hidden_truth,
    lacking,
    own_model,
    trained,
)

from acqkit.errors import EmbeddingError
from acqkit.interfaces import PairBatch
from acqkit.models.torch_pair import TorchPairModel
from acqkit.testing import make_pool


def test_sampling_is_seeded_and_block_size_does_not_matter() -> None:
    pool = lacking(make_pool(50, 3, labeled=20))
    model = trained(pool)
    samples = model.sample_probabilities(pool.batch(np.arange(50)), 6, seed=1)
    assert samples.shape == (6, 50, 3) and samples.dtype == np.float32
    np.testing.assert_allclose(samples.sum(axis=2), 1, atol=1e-5)
    parts = [
        model.sample_probabilities(pool.batch(np.arange(start, start + 10)), 6, seed=1)
        for start in range(0, 50, 10)
    ]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), samples, atol=1e-6)
    other = model.sample_probabilities(pool.batch(np.arange(50)), 6, seed=2)
    assert np.abs(samples - other).max() > 1e-3
    assert samples.std(axis=0).max() > 1e-3


def test_sampling_averages_to_about_the_prediction_and_leaves_no_trace() -> None:
    pool = make_pool(50, 3, labeled=40)
    model = trained(pool)
    before, state = embedded(model, pool), torch.get_rng_state()
    samples = model.sample_probabilities(pool.batch(np.arange(50)), 200, seed=0)
    assert torch.equal(state, torch.get_rng_state())
    assert difference(before, embedded(model, pool)) == 0
    assert np.abs(samples.mean(axis=0) - before.unified_probabilities()).mean() < 0.1


def test_sampling_with_swapped_modalities_is_the_same() -> None:
    pool = make_pool(40, 3, labeled=20, dims=(7, 7))
    model = own_model(pool, dropout=0.4)
    QUICK.fit(model, hidden_truth(pool), 0)
    samples = model.sample_probabilities(pool.batch(np.arange(40)), 4, seed=1)
    model.encoders = nn.ModuleList([model.encoders[1], model.encoders[0]])
    swapped = model.sample_probabilities(pool.swap_modalities().batch(np.arange(40)), 4, seed=1)
    np.testing.assert_allclose(samples, swapped, atol=1e-6)


def test_sampling_of_the_present_modality_alone() -> None:
    pool = make_pool(40, 3, labeled=20)
    model = trained(pool)
    batch = pool.batch(np.arange(40))
    none, every = np.zeros(40, dtype=bool), np.ones(40, dtype=bool)
    only_b = model.sample_probabilities(replace(batch, present_a=none, present_b=every), 2, 0)
    only_a = model.sample_probabilities(replace(batch, present_a=every, present_b=none), 2, 0)
    both = model.sample_probabilities(batch, 2, 0)
    np.testing.assert_allclose((only_a + only_b) / 2, both, atol=1e-6)
    assert np.abs(only_a - only_b).max() > 1e-3


def test_dropout_of_channels_drops_whole_channels() -> None:
    class Channels(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop = nn.Dropout2d(0.5)

        def forward(self, features: torch.Tensor) -> torch.Tensor:
            maps = features[:, :, None, None].expand(-1, -1, 2, 2)
            dropped: torch.Tensor = self.drop(maps)
            return dropped.flatten(1)

    model = TorchPairModel(Channels(), Channels(), dim=16, n_classes=2, multilabel=False)
    model.reset(0)
    model.knows_classes = True
    ones = np.ones((3, 4), np.float32)
    samples = model.sample_probabilities(PairBatch(np.arange(3), ones, ones), 8, seed=0)
    np.testing.assert_allclose(samples, samples[:, :1].repeat(3, axis=1), atol=1e-6)


def test_sampling_needs_dropout_and_classes() -> None:
    pool = make_pool(30, 3, labeled=20)
    batch = pool.batch(np.arange(5))
    with pytest.raises(EmbeddingError, match="modality a has no dropout layer"):
        own_model(pool).sample_probabilities(batch, 2, 0)
    with pytest.raises(EmbeddingError, match="trained without labels"):
        own_model(pool, dropout=0.2).sample_probabilities(batch, 2, 0)
