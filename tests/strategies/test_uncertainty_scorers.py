"""Uncertainty scorers against SciPy, worked examples and the definition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scenarios import ScriptedModel
from scipy.stats import bernoulli, entropy

from acqkit.embeddings import Float64Array, FloatArray, ModalityEmbeddings, PairEmbeddings
from acqkit.errors import EmbeddingError
from acqkit.interfaces import RoundContext, Scorer
from acqkit.selection import score_candidates
from acqkit.strategies import Bald, Entropy, LeastConfidence, Margin
from acqkit.testing import make_context, make_embeddings, make_pool
from acqkit.testing.model import LinearPairModel


def _embeddings(a: ArrayLike, b: ArrayLike, multilabel: bool = False) -> PairEmbeddings:
    def side(p: ArrayLike) -> ModalityEmbeddings:
        probabilities = np.asarray(p, dtype=np.float32)
        means = np.zeros((len(probabilities), 2), dtype=np.float32)
        return ModalityEmbeddings(means, None, probabilities)

    return PairEmbeddings(side(a), side(b), np.arange(len(side(a).mean)), multilabel)


def _score(scorer: Scorer, embeddings: PairEmbeddings) -> FloatArray:
    pool = make_pool(len(embeddings), multilabel=embeddings.multilabel)
    return score_candidates(scorer, make_context(pool, embeddings)).values


SINGLE = [[0.2, 0.5, 0.3], [1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0.0]]
MULTI = [[0.5, 0.9, 0.0], [1.0, 0.0, 1.0], [0.5, 0.5, 0.5], [0.2, 0.2, 0.2]]


def test_entropy_equals_scipy() -> None:
    got = _score(Entropy(), _embeddings(SINGLE, SINGLE))
    np.testing.assert_allclose(got, entropy(SINGLE, axis=1), atol=1e-6)
    got = _score(Entropy(), _embeddings(MULTI, MULTI, multilabel=True))
    np.testing.assert_allclose(got, bernoulli(np.array(MULTI)).entropy().sum(axis=1), atol=1e-6)


def test_scores_are_of_the_unified_probabilities() -> None:
    got = _score(Entropy(), _embeddings([[1.0, 0.0]], [[0.0, 1.0]]))
    np.testing.assert_allclose(got, np.log(2), rtol=1e-6)


@pytest.mark.parametrize("classes", [2, 3, 4, 5, 20, 21, 63, 64, 65])
def test_the_two_likeliest_of_any_number_of_classes(classes: int) -> None:
    p = np.random.default_rng(classes).dirichlet(np.ones(classes), 70).astype(np.float32)
    p[5] = 1 / classes  # all are equally likely
    ordered, embeddings = np.sort(p, axis=1), _embeddings(p, p)
    np.testing.assert_array_equal(_score(LeastConfidence(), embeddings), 1 - ordered[:, -1])
    wanted = ordered[:, -2] - ordered[:, -1]
    np.testing.assert_array_equal(_score(Margin(), embeddings), wanted)


@pytest.mark.parametrize(
    ("scorer", "single", "multi"),
    [
        (LeastConfidence(), [0.5, 0, 2 / 3, 0.5], [0.6 / 3, 0, 0.5, 0.2]),
        (Margin(), [-0.2, -1, 0, 0], [0, -1, 0, -0.6]),
    ],
)
def test_worked_examples(scorer: Scorer, single: list[float], multi: list[float]) -> None:
    np.testing.assert_allclose(_score(scorer, _embeddings(SINGLE, SINGLE)), single, atol=1e-6)
    got = _score(scorer, _embeddings(MULTI, MULTI, multilabel=True))
    np.testing.assert_allclose(got, multi, atol=1e-6)


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("scorer", [Entropy(), LeastConfidence(), Margin()])
def test_one_class(scorer: Scorer, multilabel: bool) -> None:
    got = _score(scorer, _embeddings([[1.0], [1.0]], [[1.0], [1.0]], multilabel))
    assert np.isfinite(got).all() and got[0] == got[1]


@pytest.mark.parametrize("scorer", [Entropy(), LeastConfidence(), Margin()])
def test_the_present_modality_alone_counts(scorer: Scorer) -> None:
    p = [[0.6, 0.4], [0.6, 0.4]]
    embeddings = _embeddings(p, [[0.6, 0.4], [0.01, 0.99]])
    embeddings = replace(embeddings, b=replace(embeddings.b, present=np.array([True, False])))
    got = _score(scorer, embeddings)
    assert got[0] == got[1]


def _bald(passes: ArrayLike, multilabel: bool = False) -> FloatArray:
    p = np.asarray(passes, dtype=np.float32)
    embeddings = _embeddings(p[0], p[0], multilabel)
    context = make_context(make_pool(p.shape[1], multilabel=multilabel), embeddings)
    context = replace(context, model=ScriptedModel(p))
    return score_candidates(Bald(samples=len(p)), context).values


def test_bald_is_the_mutual_information() -> None:
    sure_but_torn = [[1.0, 0.0], [0.0, 1.0]]
    unsure_alike = [[0.5, 0.5], [0.5, 0.5]]
    got = _bald(np.stack([sure_but_torn, unsure_alike], axis=1))
    np.testing.assert_allclose(got, [np.log(2), 0], atol=1e-6)


@pytest.mark.parametrize("multilabel", [False, True])
def test_bald_equals_the_definition(multilabel: bool) -> None:
    rng = np.random.default_rng(0)
    p = rng.random((7, 30, 4))
    if not multilabel:
        p /= p.sum(axis=2, keepdims=True)

    def h(q: Float64Array) -> Float64Array:
        return np.asarray(bernoulli(q).entropy().sum(-1) if multilabel else entropy(q, axis=-1))

    np.testing.assert_allclose(_bald(p, multilabel), h(p.mean(0)) - h(p).mean(0), atol=1e-5)
    assert (_bald(p, multilabel) >= 0).all()


def _sampling_context(model: object) -> RoundContext:
    pool = make_pool(60)
    return replace(make_context(pool, make_embeddings(pool)), model=model)  # type: ignore[arg-type]


def test_bald_does_not_depend_on_how_much_fits_into_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = _sampling_context(LinearPairModel.for_pool(make_pool(60)))
    whole = score_candidates(Bald(), context).values
    monkeypatch.setattr("acqkit.strategies.passes._SAMPLES_AT_ONCE", 20 * 4 * 7)
    np.testing.assert_allclose(score_candidates(Bald(), context).values, whole, atol=1e-6)
    assert not np.allclose(score_candidates(Bald(), replace(context, round=2)).values, whole)


class _NoDropout:
    pass


@pytest.mark.parametrize(("model", "got"), [(None, "no model"), (_NoDropout(), "_NoDropout")])
def test_bald_says_what_model_it_needs(model: object, got: str) -> None:
    with pytest.raises(EmbeddingError, match=rf"sample_probabilities.*got {got}.*'entropy'"):
        score_candidates(Bald(), _sampling_context(model))


@pytest.mark.parametrize("scorer", [Bald(), Entropy(), LeastConfidence(), Margin()])
def test_without_probabilities_the_error_says_what_to_do(scorer: Scorer) -> None:
    pool = make_pool(20)
    embeddings = make_embeddings(pool, probabilities=False)
    context = make_context(pool, embeddings, model=LinearPairModel.for_pool(pool))
    with pytest.raises(EmbeddingError, match="label an initial set"):
        score_candidates(scorer, context)
