from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from acqkit_ascmr import Ascmr
from acqkit_ascmr.integrals import SigmoidIntegral, SoftmaxIntegral
from acqkit_ascmr.predictive import Predictive, bernoulli_entropy, categorical_entropy
from numpy.testing import assert_allclose
from scipy.special import entr

from acqkit import RoundContext
from acqkit.testing import make_context, make_embeddings, make_pool


def scene(multilabel: bool, classes: int = 6) -> RoundContext:
    pool = make_pool(120, classes, multilabel=multilabel, labeled=10)
    return make_context(pool, make_embeddings(pool, 8))


def monte_carlo(
    context: RoundContext, samples: int = 100_000
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """p̄ `[k, c]`, E H `[k]` and its standard error `[k]` by sampling embeddings of modality a."""
    side, classifier = context.embeddings.a.take(slice(0, 6)), context.embeddings.classifier
    assert classifier is not None and side.variance is not None
    generator = torch.Generator().manual_seed(1)
    rows = []
    for mean, variance in zip(side.mean, side.variance, strict=True):
        noise = torch.randn(samples, len(mean), generator=generator)
        z = torch.from_numpy(mean) + torch.from_numpy(variance).sqrt() * noise
        logits = z @ torch.from_numpy(classifier.weight).T + torch.from_numpy(classifier.bias)
        multilabel = context.embeddings.multilabel
        p = torch.sigmoid(logits) if multilabel else torch.softmax(logits, dim=1)
        entropy = bernoulli_entropy(p) if multilabel else categorical_entropy(p)
        rows.append((p.mean(0), entropy.mean(), entropy.std() / samples**0.5))
    means, entropies, errors = zip(*rows, strict=True)
    return torch.stack(means), torch.stack(entropies), torch.stack(errors)


def integrate(context: RoundContext, integral: SigmoidIntegral | SoftmaxIntegral) -> Predictive:
    side = context.embeddings.a.take(slice(0, 6))
    assert side.variance is not None
    return integral(torch.from_numpy(side.mean), torch.from_numpy(side.variance))


def test_quadrature_of_sigmoids_agrees_with_monte_carlo() -> None:
    context = scene(multilabel=True)
    assert context.embeddings.classifier is not None
    found = integrate(context, SigmoidIntegral(context.embeddings.classifier, nodes=32))
    p, entropy, error = monte_carlo(context)
    # Six pairs at three standard errors: a correct rule fails once in sixty seeds.
    assert ((found.expected_entropy - entropy).abs() < 3 * error).all()
    assert_allclose(found.probabilities, p, atol=0.006)


def test_the_default_number_of_nodes_is_enough() -> None:
    context = scene(multilabel=True)
    assert context.embeddings.classifier is not None
    few = integrate(context, SigmoidIntegral(context.embeddings.classifier, Ascmr().nodes))
    many = integrate(context, SigmoidIntegral(context.embeddings.classifier, 64))
    assert_allclose(few.expected_entropy, many.expected_entropy, atol=0.03)


@pytest.mark.parametrize("classes", [2, 6, 20])
@pytest.mark.parametrize(("spread", "points"), [(0.2, 512), (1, 4096), (3, 65_536)])
def test_the_softmax_agrees_with_monte_carlo(classes: int, spread: float, points: int) -> None:
    # Logits' standard deviations are about twice the spread: the wider, the more points it takes.
    context = scene(multilabel=False, classes=classes)
    a = context.embeddings.a
    assert a.variance is not None and context.embeddings.classifier is not None
    wide = replace(a, variance=a.variance * spread**2)
    rule = SoftmaxIntegral(context.embeddings.classifier, points)
    context = replace(context, embeddings=replace(context.embeddings, a=wide))
    found = integrate(context, rule)
    p, entropy, error = monte_carlo(context)
    assert ((found.expected_entropy - entropy).abs() < 3 * error + 2e-3).all()
    assert_allclose(found.probabilities, p, atol=0.006)
    assert_allclose(found.probabilities.sum(dim=1), 1, atol=1e-5)


@pytest.mark.parametrize("classes", [2, 6, 20])
@pytest.mark.parametrize(("spread", "points"), [(0.2, 512), (1, 4096), (3, 65_536)])
def test_one_variance_for_all_dimensions_is_integrated_alike(
    classes: int, spread: float, points: int
) -> None:
    context = scene(multilabel=False, classes=classes)
    a, classifier = context.embeddings.a, context.embeddings.classifier
    assert a.variance is not None and classifier is not None
    one = a.variance[:, :1] * np.float32(spread**2)
    wide = replace(a, variance=np.ascontiguousarray(np.broadcast_to(one, a.mean.shape)))
    context = replace(context, embeddings=replace(context.embeddings, a=wide))
    means = torch.from_numpy(a.mean[:6])
    found = SoftmaxIntegral(classifier, points)(means, torch.from_numpy(one[:6]))
    p, entropy, error = monte_carlo(context, 30_000)
    assert ((found.expected_entropy - entropy).abs() < 3 * error + 5e-3).all()
    assert_allclose(found.probabilities, p, atol=0.012)


def test_classes_beyond_the_most_probable_enter_with_their_mean() -> None:
    context = scene(multilabel=False, classes=90)
    a, classifier = context.embeddings.a, context.embeddings.classifier
    assert a.variance is not None and classifier is not None
    found = integrate(context, SoftmaxIntegral(classifier, 4096))
    p, entropy, error = monte_carlo(context, 20_000)
    assert ((found.expected_entropy - entropy).abs() < 3 * error + 5e-3).all()
    assert_allclose(found.probabilities, p, atol=0.01)


def test_a_certain_embedding_is_the_classifier_itself() -> None:
    for multilabel in (False, True):
        context = scene(multilabel)
        classifier = context.embeddings.classifier
        assert classifier is not None
        rule = SigmoidIntegral(classifier, 12) if multilabel else SoftmaxIntegral(classifier, 64)
        mean = torch.from_numpy(context.embeddings.a.mean)
        found = rule(mean, torch.zeros_like(mean))
        wanted = context.embeddings.a.probabilities
        assert wanted is not None
        assert_allclose(found.probabilities, wanted, atol=1e-5)


def test_entropies_are_those_of_scipy_also_at_the_ends() -> None:
    p = torch.tensor([[0, 1e-42, 1e-9, 0.25, 0.5, 1 - 1e-7, 1]])
    pointwise = entr(p.double().numpy())
    assert_allclose(categorical_entropy(p), pointwise.sum(axis=1), rtol=1e-6)
    other = entr(1 - p.double().numpy())
    assert_allclose(bernoulli_entropy(p), (pointwise + other).sum(axis=1), rtol=1e-6)
    beyond = torch.tensor([[1 + 2e-7]])
    assert_allclose(bernoulli_entropy(beyond), [0], atol=1e-6)
