"""Supervised contrast: its gradient by finite differences, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.autograd import gradcheck
from torch.nn import functional

from acqkit.models.contrast import same_class_loss
from acqkit.models.outputs import Outputs

K, DIM = 6, 3
LABELS = torch.tensor(
    [[1, 1, 0], [1, 0, 0], [0, 1, 1], [0, 0, 1], [0, 0, 0], [1, 1, 1]], dtype=torch.float64
)
PRESENT = torch.tensor([True, True, False, True, True, True])


def features(seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(K, DIM, generator=generator, dtype=torch.float64)
    return functional.normalize(drawn, dim=1).requires_grad_()


def loss(a: Tensor, b: Tensor, labels: Tensor = LABELS) -> Tensor:
    nothing = torch.zeros(K, 1)
    both = (nothing, nothing)
    outputs = Outputs((a, b), both, both, (PRESENT, None), np.arange(K))
    return same_class_loss(outputs, labels, 0.5)


def test_gradients_agree_with_finite_differences() -> None:
    assert gradcheck(loss, (features(0), features(1)))


def test_an_absent_modality_is_neither_anchor_nor_candidate() -> None:
    to_a, to_b = torch.autograd.grad(loss(a := features(0), b := features(1)), (a, b))
    assert not to_a[~PRESENT].any() and to_a[PRESENT].any(dim=1).all() and to_b.any(dim=1).all()


def test_pairs_of_no_class_in_common_are_not_contrasted() -> None:
    a, b = features(0), features(1)
    found = loss(a, b, torch.zeros(K, 3, dtype=torch.float64))
    assert found == 0
    for gradient in torch.autograd.grad(found, (a, b)):
        assert torch.equal(gradient, torch.zeros(K, DIM, dtype=torch.float64))
