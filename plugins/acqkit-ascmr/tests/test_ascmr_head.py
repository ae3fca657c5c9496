from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from acqkit_ascmr.head import PairHead, fit_pair_head
from numpy.testing import assert_allclose

from acqkit.embeddings import FloatArray, ModalityEmbeddings
from acqkit.testing import make_context, make_embeddings, make_pool


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


def loss_term_by_term(head: PairHead, means: FloatArray, variances: FloatArray) -> float:
    """The loss as the module describes it, of means and variances `[2, k, d]`; 0.3 W₂² + 0.2 KL."""
    (mean_a, mean_b), (var_a, var_b) = means.astype(np.float64), variances.astype(np.float64)
    s, t, k = head.log_s.exp().item(), head.t.item(), len(mean_a)
    matched, unmatched = [], []
    for i in range(k):
        for j in range(k):
            d = ((mean_a[i] - mean_b[j]) ** 2).sum() + var_a[i].sum() + var_b[j].sum()
            p = 1 / (1 + np.exp(s * d - t))
            if i == j:
                matched.append(-np.log(p))
            else:
                unmatched.append(-np.log(1 - p))
    w2 = ((mean_a - mean_b) ** 2).mean() + ((var_a**0.5 - var_b**0.5) ** 2).mean()
    kl = sum(0.5 * (v - np.log(v) - 1).mean() for v in (var_a, var_b))
    return float(np.mean(matched) + np.mean(unmatched) + 0.3 * w2 + 0.2 * kl)


def some_head() -> PairHead:
    torch.manual_seed(0)
    head = PairHead(4, 3, 2.0)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.add_(torch.randn(parameter.shape), alpha=0.5)
    return head


@pytest.mark.parametrize("own", ["", "a", "b", "ab"])
def test_the_loss_is_the_one_described(own: str) -> None:
    head, rng = some_head(), np.random.default_rng(1)
    a, b = (
        ModalityEmbeddings(
            mean=rng.normal(size=(6, 4)).astype(np.float32),
            variance=rng.random((6, 4), np.float32) + 0.1 if side in own else None,
        )
        for side in "ab"
    )
    gaussians = head.gaussians((a, b))
    means, variances = (
        np.stack([g[part].detach().expand(6, 4).numpy() for g in gaussians]) for part in (0, 1)
    )
    assert_allclose(means, np.stack([a.mean, b.mean]) / 2)
    if a.variance is not None:
        assert_allclose(variances[0], a.variance / 4)
    found = head.loss(*gaussians, wasserstein=0.3, prior=0.2).item()
    # The head leaves out what none of its parameters changes.
    constant = 0.3 * ((means[0] - means[1]) ** 2).mean() - 0.2
    assert_allclose(found + constant, loss_term_by_term(head, means, variances), rtol=1e-5)


def test_one_variance_for_all_dimensions_costs_the_head_as_many_alike() -> None:
    head, rng = some_head(), np.random.default_rng(2)
    means = torch.from_numpy(rng.normal(size=(2, 6, 4)))
    one = torch.from_numpy(rng.random((2, 6, 1)) + 0.1)
    by_one, by_each = (
        head.loss((means[0], v[0]), (means[1], v[1]), wasserstein=0.3, prior=0.2).item()
        for v in (one, one.expand(2, 6, 4))
    )
    assert_allclose(by_one, by_each, rtol=1e-12)
