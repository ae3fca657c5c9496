"""Losses on beliefs, by finite differences and by what they reduce to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from acqkit.models.losses import (
    belief_classification_of,
    classification_loss,
    pairing_loss,
)
from acqkit.models.outputs import Outputs

K, CLASSES, DIM = 5, 4, 3


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def outputs(a: Tensor, b: Tensor, present_a: Tensor | None = None) -> Outputs:
    nothing = torch.zeros(len(a), 1)
    both = (nothing, nothing)
    return Outputs(both, (a, b), both, (present_a, None), np.arange(len(a)))


def beliefs(multilabel: bool) -> Tensor:
    logits = normal(K, CLASSES, seed=5)
    return logits.sigmoid() if multilabel else logits.softmax(dim=1)


@pytest.mark.parametrize("multilabel", [False, True])
def test_gradients_of_the_belief_loss_agree_with_finite_differences(multilabel: bool) -> None:
    a, b = (normal(K, CLASSES, seed=s).requires_grad_() for s in (1, 2))
    trust = torch.tensor([1.0, 0.0, 0.4, 1.0, 0.7], dtype=torch.float64)[:, None]
    present = torch.tensor([True, True, False, True, True])

    def loss(a: Tensor, b: Tensor) -> Tensor:
        shown = outputs(a, b, present)
        return belief_classification_of(shown, beliefs(multilabel), trust, multilabel=multilabel)

    assert torch.autograd.gradcheck(loss, (a, b))


@pytest.mark.parametrize("multilabel", [False, True])
def test_the_belief_loss_of_labels_is_the_classification_loss(multilabel: bool) -> None:
    a, b = normal(K, CLASSES, seed=1), normal(K, CLASSES, seed=2)
    labels = torch.eye(CLASSES, dtype=torch.float64)[torch.tensor([0, 1, 1, 3, 2])]
    found = belief_classification_of(
        outputs(a, b), labels, torch.ones(K, 1).double(), multilabel=multilabel
    )
    wanted = [classification_loss(logits, labels, multilabel=multilabel) for logits in (a, b)]
    torch.testing.assert_close(found, (wanted[0] + wanted[1]) / 2)


def test_pairs_without_trust_and_absent_modalities_teach_nothing() -> None:
    a, b = (normal(K, CLASSES, seed=s).requires_grad_() for s in (1, 2))
    trust = torch.tensor([0.0, 1, 1, 1, 1], dtype=torch.float64)[:, None]
    present = torch.tensor([True, True, False, True, True])
    loss = belief_classification_of(outputs(a, b, present), beliefs(False), trust, multilabel=False)
    to_a, to_b = torch.autograd.grad(loss, (a, b))
    assert not to_a[[0, 2]].any() and not to_b[0].any()
    assert to_a[[1, 3, 4]].any(dim=1).all() and to_b[1:].any(dim=1).all()


def likeness(seed: int = 3) -> Tensor:
    values = normal(K, K, seed=seed).sigmoid()
    return (values + values.T) / 2


def test_gradients_of_the_pairing_agree_with_finite_differences() -> None:
    a, b = (normal(K, DIM, seed=s).requires_grad_() for s in (1, 2))
    assert torch.autograd.gradcheck(lambda a, b: pairing_loss(a, b, 0.2, likeness()), (a, b))


def test_without_likeness_it_is_the_usual_pairing_loss() -> None:
    a, b = normal(K, DIM, seed=1), normal(K, DIM, seed=2)
    wanted = pairing_loss(a, b, 0.2)
    assert torch.equal(pairing_loss(a, b, 0.2, None), wanted)
    no_likeness = torch.zeros(K, K, dtype=torch.float64)
    torch.testing.assert_close(pairing_loss(a, b, 0.2, no_likeness), wanted)
    assert pairing_loss(a[:1], b[:1], 0.2, None) == 0


def test_the_likeness_of_a_pair_with_itself_is_not_looked_at() -> None:
    a, b = normal(K, DIM, seed=1), normal(K, DIM, seed=2)
    other = likeness().fill_diagonal_(1)
    found = pairing_loss(a, b, 0.2, other)
    assert torch.equal(found, pairing_loss(a, b, 0.2, likeness()))


def test_certain_relatives_are_no_negatives() -> None:
    """As if each row's softmax left them out, but for the 0.0001 that keeps the logarithm."""
    alike = torch.zeros(K, K, dtype=torch.bool)
    alike[0, 1] = alike[1, 0] = True
    gradients = []
    for masked in (False, True):
        a, b = (normal(K, DIM, seed=s).requires_grad_() for s in (1, 2))
        if masked:
            unit_a, unit_b = (torch.nn.functional.normalize(x, dim=1) for x in (a, b))
            similarity = (unit_a @ unit_b.T / 0.2).masked_fill(alike, -torch.inf)
            own = similarity.diagonal()
            rows = similarity.logsumexp(dim=1), similarity.logsumexp(dim=0)
            loss = ((rows[0] - own).mean() + (rows[1] - own).mean()) / 2
        else:
            loss = pairing_loss(a, b, 0.2, alike.double())
        gradients.append(torch.autograd.grad(loss, a)[0])
    torch.testing.assert_close(gradients[0], gradients[1], atol=2e-3, rtol=0)
    assert gradients[1].abs().max() > 0.1


def test_the_more_alike_the_less_a_pair_is_pushed_away() -> None:
    a, b = normal(2, DIM, seed=1), normal(2, DIM, seed=2)
    losses = [
        float(pairing_loss(a, b, 0.2, torch.full((2, 2), share).double()))
        for share in (0.0, 0.3, 0.6, 0.9)
    ]
    assert losses == sorted(losses, reverse=True) and losses[0] > losses[-1]
