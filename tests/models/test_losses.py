"""Losses against float64 oracles and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import log_expit, log_softmax

from acqkit.models.losses import classification_loss, pairing_loss


def _double(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def test_single_label_loss_is_cross_entropy() -> None:
    logits, classes = _double(7, 4), np.array([0, 3, 1, 1, 2, 0, 3])
    labels = torch.from_numpy(np.eye(4)[classes])
    expected = -log_softmax(logits.numpy(), axis=1)[np.arange(7), classes].mean()
    assert float(classification_loss(logits, labels, multilabel=False)) == pytest.approx(expected)


def test_multi_label_loss_sums_over_classes() -> None:
    logits = _double(5, 3)
    labels = (_double(5, 3, seed=1) > 0).double()
    x, y = logits.numpy(), labels.numpy()
    expected = -(y * log_expit(x) + (1 - y) * log_expit(-x)).sum(axis=1).mean()
    assert float(classification_loss(logits, labels, multilabel=True)) == pytest.approx(expected)


def test_pairing_loss_is_symmetric_infonce() -> None:
    a, b = _double(6, 5), _double(6, 5, seed=1)
    unit_a, unit_b = (x.numpy() / np.linalg.norm(x.numpy(), axis=1, keepdims=True) for x in (a, b))
    similarity = unit_a @ unit_b.T / 0.3
    partner = np.arange(6)
    expected = -0.5 * (
        log_softmax(similarity, axis=1)[partner, partner].mean()
        + log_softmax(similarity, axis=0)[partner, partner].mean()
    )
    assert float(pairing_loss(a, b, 0.3)) == pytest.approx(expected)
    assert float(pairing_loss(b, a, 0.3)) == pytest.approx(expected)


def test_gradients() -> None:
    logits, a, b = (_double(4, 3, seed=seed).requires_grad_() for seed in range(3))
    labels = torch.eye(3, dtype=torch.float64)[[0, 2, 1, 1]]
    for multilabel in (False, True):
        assert torch.autograd.gradcheck(
            lambda x, multi=multilabel: classification_loss(x, labels, multilabel=multi), (logits,)
        )
    assert torch.autograd.gradcheck(lambda x, y: pairing_loss(x, y, 0.2), (a, b))


@pytest.mark.parametrize("k", [0, 1])
def test_nothing_to_contrast_costs_nothing(k: int) -> None:
    a, b = _double(k, 5).requires_grad_(), _double(k, 5)
    loss = pairing_loss(a, b, 0.2)
    loss.backward()  # type: ignore[no-untyped-call]
    assert float(loss.detach()) == 0
    assert a.grad is not None and not a.grad.any()


@pytest.mark.parametrize("multilabel", [False, True])
def test_no_labeled_pair_costs_nothing(multilabel: bool) -> None:
    assert float(classification_loss(_double(0, 3), _double(0, 3), multilabel=multilabel)) == 0
