from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from acqkit_ascmr import Ascmr
from acqkit_ascmr.informativeness import total_variance
from acqkit_ascmr.integrals import SigmoidIntegral, SoftmaxIntegral
from acqkit_ascmr.predictive import bernoulli_entropy, categorical_entropy
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import spearmanr

from acqkit import PairEmbeddings, RoundContext
from acqkit.errors import EmbeddingError
from acqkit.selection import score_candidates
from acqkit.testing import conformance_test, make_context, make_embeddings, make_pool

test_information_conforms = conformance_test(Ascmr(steps=20))
test_match_conforms = conformance_test(Ascmr(kind="match", steps=20))
test_geometric_conforms = conformance_test(Ascmr(kind="geometric", steps=20))


def scene(multilabel: bool, *, variance: bool = True, classes: int = 6) -> RoundContext:
    pool = make_pool(120, classes, multilabel=multilabel, labeled=10)
    return make_context(pool, make_embeddings(pool, 8, variance=variance))


@pytest.mark.parametrize("multilabel", [False, True])
def test_the_default_number_of_points_ranks_as_many_do(multilabel: bool) -> None:
    context = scene(multilabel, variance=False, classes=12)
    few = score_candidates(Ascmr(), context).values[context.candidates]
    many = score_candidates(Ascmr(points=8192, nodes=64), context).values[context.candidates]
    assert spearmanr(few, many).statistic > 0.995


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("variance", [False, True])
def test_information_is_the_sum_of_terms_that_are_not_negative(
    multilabel: bool, variance: bool
) -> None:
    context = scene(multilabel, variance=variance)
    scores = score_candidates(Ascmr(steps=30, expected_entropy=0), context)
    rows = context.candidates
    terms = {name: term[rows] for name, term in scores.terms.items()}
    assert set(terms) == {"intra", "inter"}
    assert all((term >= 0).all() for term in terms.values())
    assert_allclose(scores.values[rows], terms["intra"] + terms["inter"], atol=1e-5)
    whole = score_candidates(Ascmr(steps=30), context)
    assert set(whole.terms) == {"intra", "inter", "expected entropy"}
    for name in terms:
        assert_array_equal(whole.terms[name][rows], terms[name])
    assert_allclose(whole.values[rows], sum(term[rows] for term in whole.terms.values()), atol=1e-5)
    disagree, torn = whole.reasons(rows), terms["inter"] > terms["intra"]
    assert [reason == "Its modalities disagree." for reason in disagree] == torn.tolist()


@pytest.mark.parametrize("multilabel", [False, True])
def test_information_is_that_of_the_mixture(multilabel: bool) -> None:
    # The chain rule against H(E p) − E H(p) over the mixture itself, with the same samples.
    context = scene(multilabel)
    classifier = context.embeddings.classifier
    assert classifier is not None
    rule = (
        SigmoidIntegral(classifier, 12)
        if multilabel
        else SoftmaxIntegral(classifier, Ascmr().points)
    )
    entropy = bernoulli_entropy if multilabel else categorical_entropy
    predictives = []
    for side in context.embeddings.sides:
        assert side.variance is not None
        predictives.append(rule(torch.from_numpy(side.mean), torch.from_numpy(side.variance)))
    mixture = entropy((predictives[0].probabilities + predictives[1].probabilities) / 2)
    expected = (predictives[0].expected_entropy + predictives[1].expected_entropy) / 2
    scores = score_candidates(Ascmr(expected_entropy=0), context)
    rows = context.candidates
    assert_allclose(scores.values[rows], (mixture - expected).numpy()[rows], atol=1e-5)


def test_the_total_variance_is_that_of_the_mixture() -> None:
    block = scene(multilabel=False).embeddings
    assert block.a.variance is not None and block.b.variance is not None
    v_a, v_b = torch.from_numpy(block.a.variance), torch.from_numpy(block.b.variance)
    intra, inter = total_variance(block, v_a, v_b)
    second = 0.5 * (block.a.variance + block.a.mean**2) + 0.5 * (block.b.variance + block.b.mean**2)
    first = 0.5 * (block.a.mean + block.b.mean)
    assert_allclose(intra + inter, second - first**2, atol=1e-5)


def test_identical_certain_modalities_tell_nothing_new() -> None:
    context = scene(multilabel=False)
    certain = replace(context.embeddings.a, variance=np.full_like(context.embeddings.a.mean, 1e-12))
    same = replace(context, embeddings=replace(context.embeddings, a=certain, b=certain))
    scores = score_candidates(Ascmr(expected_entropy=0), same)
    assert_allclose(scores.values[same.candidates], 0, atol=1e-5)


@pytest.mark.parametrize("kind", ["information", "match", "geometric"])
@pytest.mark.parametrize("variance", [False, True])
def test_swapping_the_modalities_changes_nothing_to_the_last_bit(kind: str, variance: bool) -> None:
    context = scene(multilabel=True, variance=variance)
    embeddings = context.embeddings
    swapped = replace(context, embeddings=replace(embeddings, a=embeddings.b, b=embeddings.a))
    scorer = Ascmr(kind=kind, steps=30)
    one, other = score_candidates(scorer, context), score_candidates(scorer, swapped)
    assert_array_equal(one.values, other.values)
    for name, term in one.terms.items():
        assert_array_equal(term, other.terms[name])


def test_disagreement_raises_inter_and_spread_raises_intra() -> None:
    context = scene(multilabel=False)
    base = score_candidates(Ascmr(), context)
    a = context.embeddings.a
    assert a.variance is not None
    wide = replace(context.embeddings, a=replace(a, variance=100 * a.variance))
    apart = replace(context.embeddings, b=replace(context.embeddings.b, mean=-3 * a.mean))
    rows = context.candidates
    wider = score_candidates(Ascmr(), replace(context, embeddings=wide))
    further = score_candidates(Ascmr(), replace(context, embeddings=apart))
    assert wider.terms["intra"][rows].mean() > base.terms["intra"][rows].mean()
    assert further.terms["inter"][rows].mean() > base.terms["inter"][rows].mean()


def test_without_a_classifier_information_is_geometric() -> None:
    pool = make_pool(80)
    context = make_context(pool, make_embeddings(pool, probabilities=False, variance=False))
    information = score_candidates(Ascmr(steps=30), context)
    geometric = score_candidates(Ascmr(kind="geometric", steps=30), context)
    assert_array_equal(information.values, geometric.values)


class CurvedModel:
    """A model whose classifier is not linear."""

    def __init__(self, inner: PairEmbeddings) -> None:
        assert inner.classifier is not None
        self.classifier = inner.classifier

    def fit(self, pool: object, seed: int) -> None:
        """Nothing to learn."""

    def embed(self, batch: object) -> PairEmbeddings:
        raise AssertionError("not asked for")

    def classify(self, means: np.ndarray) -> np.ndarray:
        logits = means @ self.classifier.weight.T + self.classifier.bias
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), np.float32)


def test_a_classifier_that_is_not_linear_is_sampled() -> None:
    # The very classifier of the linear path, so that both must agree.
    context = scene(multilabel=False)
    hidden = replace(
        context, embeddings=replace(context.embeddings, classifier=None),
        model=CurvedModel(context.embeddings),
    )  # fmt: skip
    rows = context.candidates
    linear = score_candidates(Ascmr(), context).values[rows]
    sampled = score_candidates(Ascmr(samples=1024), hidden).values[rows]
    assert_allclose(sampled, linear, atol=0.05)


@pytest.mark.parametrize("multilabel", [False, True])
def test_a_classifier_that_gives_logits_is_named(multilabel: bool) -> None:
    context = scene(multilabel)
    model = CurvedModel(context.embeddings)
    model.classify = lambda means: 9 * model.classifier.weight[:, :1].T + means[:, :1]  # type: ignore[method-assign]
    hidden = replace(context, embeddings=replace(context.embeddings, classifier=None), model=model)
    with pytest.raises(EmbeddingError, match=r"`classify` gave values from .* from 0 to 1"):
        score_candidates(Ascmr(samples=4), hidden)


def test_without_a_pair_that_has_both_modalities_scores_are_still_finite() -> None:
    pool = make_pool(60)
    embeddings = make_embeddings(pool, variance=False)
    first = np.arange(60) < 30
    a, b = replace(embeddings.a, present=first), replace(embeddings.b, present=~first)
    context = make_context(pool, replace(embeddings, a=a, b=b))
    assert np.isfinite(score_candidates(Ascmr(), context).values[context.candidates]).all()
