"""Any two scikit-learn classifiers as a model of pairs."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cross_decomposition import CCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from toy import difference, embedded, hidden_truth, lacking, raw_pool

from acqkit.errors import ConfigError, EmbeddingError, PoolError
from acqkit.interfaces import Model
from acqkit.labels import LabelState
from acqkit.models.cca import fit_cca
from acqkit.models.sklearn_pair import LogisticPair, SklearnPairModel
from acqkit.pool import PairPool
from acqkit.testing import make_pool


def _fitted(pool: PairPool, seed: int = 0) -> Model:
    model = LogisticPair().build(pool, "cpu")
    model.fit(hidden_truth(pool), seed)
    return model


@pytest.mark.parametrize("multilabel", [False, True])
def test_probabilities_are_those_of_the_classifier(multilabel: bool) -> None:
    pool = make_pool(120, 4, multilabel=multilabel, labeled=60)
    assert pool.truth is not None
    model = SklearnPairModel(LogisticRegression(), LogisticRegression())
    model.fit(hidden_truth(pool), 0)
    embeddings = embedded(model, pool)
    labeled = pool.labels.labeled
    features, labels = pool.batch(labeled).a, pool.truth[labeled]
    everything = pool.batch(np.arange(120)).a
    if multilabel:
        expected = np.column_stack(
            [
                LogisticRegression().fit(features, column).predict_proba(everything)[:, 1]
                for column in labels.T
            ]
        )
    else:
        expected = (
            LogisticRegression().fit(features, labels.argmax(axis=1)).predict_proba(everything)
        )
    assert embeddings.a.probabilities is not None
    np.testing.assert_allclose(embeddings.a.probabilities, expected, atol=1e-4)
    np.testing.assert_allclose(embeddings.a.mean[:, -4:], 2 * expected, atol=2e-4)


@pytest.mark.parametrize("multilabel", [False, True])
def test_classes_that_no_label_shows(multilabel: bool) -> None:
    pool = make_pool(60, 4, multilabel=multilabel)
    assert pool.truth is not None
    without = np.flatnonzero((pool.truth[:, 1] == 0) & (pool.truth[:, 3] == 0))[:20]
    state = LabelState.empty(60, 4).with_answers(without, pool.truth[without], 0)
    embeddings = embedded(_fitted(pool.with_labels(state)), pool)
    for side in embeddings.sides:
        assert side.probabilities is not None
        assert not side.probabilities[:, [1, 3]].any()
        assert side.probabilities[:, 0].std() > 0


def test_labels_of_one_class_only() -> None:
    pool = make_pool(30, 3)
    assert pool.truth is not None
    of_first = np.flatnonzero(pool.truth[:, 0])
    state = LabelState.empty(30, 3).with_answers(of_first, pool.truth[of_first], 0)
    embeddings = embedded(_fitted(pool.with_labels(state)), pool)
    np.testing.assert_array_equal(embeddings.unified_probabilities(), np.tile([1, 0, 0], (30, 1)))


def test_without_labels_there_is_cca() -> None:
    pool = make_pool(300, 4)
    embeddings = embedded(_fitted(pool), pool)
    assert embeddings.a.probabilities is None
    similarity = embeddings.a.mean @ embeddings.b.mean.T
    assert (similarity > np.diag(similarity)[:, None]).mean() < 0.15


def test_cca_finds_the_correlations_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((500, 2))
    a = (shared @ rng.standard_normal((2, 5)) + 0.5 * rng.standard_normal((500, 5))).astype("f4")
    b = (shared @ rng.standard_normal((2, 4)) + 0.5 * rng.standard_normal((500, 4))).astype("f4")
    ours = fit_cca(a, b, 2, ridge=1e-9)
    theirs = CCA(2, max_iter=2000, tol=1e-10).fit_transform(a, b)
    for column in range(2):
        expected = np.corrcoef(theirs[0][:, column], theirs[1][:, column])[0, 1]
        found = np.corrcoef(ours[0].apply(a)[:, column], ours[1].apply(b)[:, column])[0, 1]
        assert found == pytest.approx(expected, abs=1e-4)


def test_constant_features_and_missing_modalities() -> None:
    ones = np.ones((30, 3), np.float32)
    pool = PairPool.from_arrays(ones, ones, labels=np.arange(30) % 2)
    embedded(_fitted(pool.with_labels(pool.labels)), pool)
    for labeled in (0, 25):
        lacks = lacking(make_pool(50, 3, labeled=labeled))
        assert embedded(_fitted(lacks), lacks).a.present is not None


def test_a_modality_that_no_labeled_pair_has() -> None:
    pool = lacking(make_pool(50, 3))
    lacks_a = np.arange(0, 50, 4)
    labels = make_pool(50, 3).truth
    assert labels is not None
    state = LabelState.empty(50, 3).with_answers(lacks_a, labels[lacks_a], 0)
    probabilities = embedded(_fitted(pool.with_labels(state)), pool).a.probabilities
    assert probabilities is not None
    np.testing.assert_allclose(probabilities, 1 / 3, atol=1e-6)


def test_randomness_comes_from_the_seed() -> None:
    pool = make_pool(60, 3, labeled=30)
    results = []
    for seed in (1, 1, 2):
        forest = RandomForestClassifier(5)
        model = SklearnPairModel(forest, forest)
        model.fit(hidden_truth(pool), seed)
        results.append(embedded(model, pool))
    assert difference(results[0], results[1]) == 0
    assert difference(results[0], results[2]) > 0


def test_what_cannot_be_is_said() -> None:
    pool = make_pool(20, 2, labeled=10)
    with pytest.raises(EmbeddingError, match="not been trained"):
        embedded(LogisticPair().build(pool, "cpu"), pool)
    with pytest.raises(EmbeddingError, match=r"modality a .* \(20, 3\).* width of 8"):
        embedded(_fitted(pool), make_pool(20, 2, dims=(3, 6)))
    with pytest.raises(PoolError, match="yields raw items"):
        LogisticPair().build(raw_pool(), "cpu").fit(raw_pool(), 0)


@pytest.mark.parametrize(
    ("classifier", "said"),
    [
        (LinearSVC(), "LinearSVC has no predict_proba"),
        (make_pipeline(StandardScaler(), LinearSVC()), "Pipeline has no predict_proba"),
        (LogisticRegression, "LogisticRegression is a class"),
        (None, "NoneType has no fit"),
    ],
)
def test_what_gives_no_probabilities_is_refused_at_once(classifier: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        SklearnPairModel(LogisticRegression(), classifier)
