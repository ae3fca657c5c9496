"""What is fast agrees with what is plain, to tolerances far below what tells pairs apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from acqkit_ascmr.fast import MOST_CLASSES, ClassCovariances, CommonDirections
from acqkit_ascmr.integrals import SoftmaxIntegral, difference_covariance
from acqkit_ascmr.predictive import categorical_entropy
from numpy.testing import assert_allclose
from torch import Tensor

from acqkit import LinearClassifier

DIM = 16


def made(classes: int, pairs: int = 40) -> tuple[Tensor, Tensor, Tensor]:
    """A classifier's weight `[c, d]`, means `[k, d]` and variances `[k, 1]`."""
    rng = np.random.default_rng(0)
    weight = 0.4 * rng.standard_normal((classes, DIM))
    variance = np.exp(rng.uniform(-6, 1, size=(pairs, 1)))
    arrays = (weight, rng.standard_normal((pairs, DIM)), variance)
    weight_, mean, variance_ = (torch.from_numpy(array.astype(np.float32)) for array in arrays)
    return weight_, mean, variance_


@pytest.mark.parametrize("classes", [2, 20, MOST_CLASSES])
def test_the_grid_of_spreads_agrees_with_each_spread_itself(classes: int) -> None:
    weight, mean, variance = made(classes)
    rule, center = CommonDirections(weight, 64), mean @ weight.T
    found = rule(center, variance[:, 0].sqrt())
    logits = center[:, :, None] + variance[:, :, None].sqrt() * rule.directions
    p = torch.softmax(logits.double(), dim=1).mT
    assert_allclose(found.probabilities, p.mean(dim=1), atol=5e-4)
    assert_allclose(found.expected_entropy, categorical_entropy(p).mean(dim=1), atol=5e-4)


@pytest.mark.parametrize("classes", [2, 20])
def test_common_directions_agree_with_those_of_each_pair(classes: int) -> None:
    weight, mean, variance = made(classes)
    classifier = LinearClassifier(weight.numpy(), np.zeros(classes, np.float32))
    rule = SoftmaxIntegral(classifier, 16_384)
    plain = rule.in_own_directions(mean @ weight.T, variance.expand(mean.shape))
    fast = rule(mean, variance)
    assert_allclose(fast.probabilities, plain.probabilities, atol=4e-3)
    assert_allclose(fast.expected_entropy, plain.expected_entropy, atol=8e-3)


@pytest.mark.parametrize("classes", [2, 20, MOST_CLASSES])
def test_covariances_of_all_classes_agree_with_those_of_a_pairs_own(classes: int) -> None:
    weight, mean, variance = made(classes)
    own = variance * torch.from_numpy(np.random.default_rng(1).random(mean.shape, np.float32))
    order = (mean @ weight.T).argsort(dim=1, descending=True)[:, : max(2, classes // 2)]
    found = ClassCovariances(weight)(own, order)
    wanted = difference_covariance(weight, own, order)
    assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
