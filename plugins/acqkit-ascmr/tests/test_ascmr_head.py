from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from acqkit_ascmr.head import PairHead, _batches, fit_pair_head
from numpy.testing import assert_allclose
from torch import Tensor

from acqkit.embeddings import ModalityEmbeddings
from acqkit.testing import make_context, make_embeddings, make_pool


@pytest.mark.parametrize("n", [5, 400])
@pytest.mark.parametrize("steps", [5, 16, 37])
def test_batches_made_together_are_those_made_one_by_one(n: int, steps: int) -> None:
    rng = np.random.default_rng(0)
    mean_a, mean_b, variance = rng.random((3, n, 4), np.float32)
    sides = ModalityEmbeddings(mean=mean_a, variance=variance), ModalityEmbeddings(mean=mean_b)
    found = list(_batches(sides, 2.0, steps, np.random.default_rng(1)))
    assert len(found) == steps
    again = np.random.default_rng(1)
    for means, apart, (given_a, given_b) in found:
        rows = again.choice(n, size=min(128, n), replace=False)
        assert_allclose(means, np.stack([mean_a[rows], mean_b[rows]]) / 2, rtol=1e-6)
        difference = (mean_a[rows, None] - mean_b[rows]) / 2
        assert_allclose(apart, (difference**2).sum(axis=2), atol=1e-5)
        assert given_a is not None and given_b is None
        assert_allclose(given_a, variance[rows] / 4, rtol=1e-6)


def test_the_head_tells_matched_from_unmatched_pairs() -> None:
    pool = make_pool(400, 8)
    embeddings = make_embeddings(pool, 8, variance=False)
    noise = 0.1 * np.random.default_rng(0).standard_normal(embeddings.a.mean.shape)
    near = replace(embeddings.b, mean=embeddings.a.mean + noise.astype(np.float32))
    context = make_context(pool, replace(embeddings, b=near))
    head = fit_pair_head(context, hidden=32, steps=200, wasserstein=0.1, prior=0.1)
    block = context.embeddings
    shifted = replace(block, b=block.b.take(np.roll(np.arange(len(block)), 7)))
    assert head.match_probability(block).mean() > head.match_probability(shifted).mean() + 0.05
    a, b = head.variances(block)
    for variance in (a, b):
        assert variance.shape == (len(block), 1)
        assert (variance > 0).all() and torch.isfinite(variance).all()


def head_loss(head: PairHead, means: Tensor, given: list[Tensor | None]) -> Tensor:
    """The loss as the head's module describes it, term by term; 0.3 W₂² + 0.2 KL."""
    fitted = head.log_variances(means).exp()
    var_a, var_b = (
        v.expand(means[0].shape) if g is None else g for g, v in zip(given, fitted, strict=True)
    )
    apart = (means[0][:, None] - means[1]).square().sum(dim=2)
    distance = apart + var_a.sum(dim=1)[:, None] + var_b.sum(dim=1)
    p = torch.sigmoid(head.t - head.log_s.exp() * distance)
    matched = torch.eye(len(apart), dtype=torch.bool)
    match = -p[matched].log().mean() - (1 - p[~matched]).log().mean()
    w2 = (means[0] - means[1]).square().mean() + (var_a.sqrt() - var_b.sqrt()).square().mean()
    kl = sum(0.5 * (v - v.log() - 1).mean() for v in (var_a, var_b))
    return match + 0.3 * w2 + 0.2 * kl


def some_head(hidden: int = 3, dim: int = 4) -> PairHead:
    flat = torch.from_numpy(np.random.default_rng(0).normal(0, 0.5, hidden * (2 * dim + 4) + 4))
    return PairHead(flat, dim, 1.0)


@pytest.mark.parametrize("given", ["", "a", "b", "ab"])
def test_the_heads_gradient_is_that_of_its_loss(given: str) -> None:
    head, rng = some_head(), np.random.default_rng(1)
    means = torch.from_numpy(rng.normal(size=(2, 6, 4)))
    own = [torch.from_numpy(rng.random((6, 4)) + 0.1) if side in given else None for side in "ab"]

    def loss(flat: Tensor) -> Tensor:
        return head_loss(PairHead(flat, 4, 1.0), means, own)

    flat = head.flat.clone().requires_grad_()
    assert torch.autograd.gradcheck(loss, flat)
    (wanted,) = torch.autograd.grad(loss(flat), flat)
    found = PairHead(torch.full_like(head.flat, torch.nan), 4, 1.0)
    apart = (means[0][:, None] - means[1]).square().sum(dim=2)
    head.gradient(means, apart, (own[0], own[1]), 0.3, 0.2, found)
    assert_allclose(found.flat.numpy(), wanted.numpy(), atol=1e-12)


def test_one_variance_for_all_dimensions_costs_the_head_as_many_alike() -> None:
    head, rng = some_head(), np.random.default_rng(2)
    apart = torch.from_numpy(rng.random((6, 6)) * 4)
    one = torch.from_numpy(rng.random((2, 6, 1)) + 0.1)
    gradients = [PairHead(torch.zeros_like(head.flat), 4, 1.0) for _ in range(2)]
    by_one, by_each = (
        head._loss_gradient(apart, variance, 0.3, 0.2, out)
        for variance, out in zip((one, one.expand(2, 6, 4)), gradients, strict=True)
    )
    assert_allclose(by_one.numpy(), by_each.sum(dim=2, keepdim=True).numpy(), atol=1e-12)
    assert_allclose(gradients[0].flat.numpy(), gradients[1].flat.numpy(), atol=1e-12)
