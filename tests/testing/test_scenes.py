"""The scenes are what they say: changed in the one way that is meant, and in no other."""

from __future__ import annotations

import numpy as np
import pytest

from acqkit.interfaces import EmbeddingClassifier, Model, SamplingModel
from acqkit.pool import PairPool
from acqkit.testing import LinearPairModel, make_context, make_embeddings, make_pool
from acqkit.testing.hard import HARD
from acqkit.testing.scenes import Scene, duplicated, labeled_first, scattered, with_gaps
from acqkit.testing.scenes import with_other_absent_rows as garbled


@pytest.mark.parametrize("multilabel", [False, True])
def test_pool_embeddings_and_context_fit(multilabel: bool) -> None:
    pool = make_pool(50, multilabel=multilabel, labeled=7, test_share=0.2)
    embeddings = make_embeddings(pool).validate()
    context = make_context(pool, embeddings)
    assert len(pool.labels.labeled) == 7 and len(pool.test_positions) == 10
    assert sorted([*context.candidates, *pool.labels.labeled]) == list(range(50))
    assert pool.truth is not None
    np.testing.assert_array_equal(
        pool.labels.matrix[pool.labels.labeled], pool.truth[pool.labels.labeled]
    )
    sums = embeddings.unified_probabilities().sum(axis=1)
    assert multilabel != np.allclose(sums, 1, atol=1e-5)


def test_permuted_scene_has_the_same_pairs_at_other_positions() -> None:
    scene = scattered()
    order = np.random.default_rng(0).permutation(len(scene.pool))
    other = scene.permuted(order)
    np.testing.assert_array_equal(other.pool.ids, scene.pool.ids[order])
    np.testing.assert_array_equal(other.embeddings.a.mean, scene.embeddings.a.mean[order])
    np.testing.assert_array_equal(other.pool.labels.round, scene.pool.labels.round[order])
    assert set(order[other.candidates]) == set(scene.candidates)


def _samples(scene: Scene) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    assert scene.model is not None
    return scene.model.sample_probabilities(scene.pool.batch(np.arange(len(scene.pool))), 4, 1)


def test_swapped_scene_exchanges_the_modalities_of_pool_embeddings_and_model() -> None:
    scene = with_gaps()
    other = scene.swapped()
    assert other.pool.modalities == scene.pool.modalities[::-1]
    assert other.embeddings.a is scene.embeddings.b
    np.testing.assert_allclose(_samples(other), _samples(scene), atol=1e-6)


def test_model_is_what_strategies_ask_for_and_works_in_blocks() -> None:
    scene = with_gaps(multilabel=True)
    model = scene.model
    assert isinstance(model, Model) and isinstance(model, SamplingModel)
    assert isinstance(model, EmbeddingClassifier)
    blocks = [
        model.sample_probabilities(scene.pool.batch(rows), 4, 1)
        for rows in np.array_split(np.arange(len(scene.pool)), 7)
    ]
    np.testing.assert_allclose(np.concatenate(blocks, axis=1), _samples(scene), atol=1e-6)
    given = scene.embeddings.a.probabilities
    assert given is not None
    np.testing.assert_allclose(model.classify(scene.embeddings.a.mean), given, atol=1e-5)


def test_stock_scenes_are_as_described() -> None:
    scene = labeled_first()
    assert scene.pool.labels.labeled.tolist() == list(range(60))
    assert set(range(len(scene.candidates))) <= set(scene.pool.labels.labeled)
    assert len(scattered().candidates) == 76
    assert len(np.unique(duplicated(5).embeddings.a.mean, axis=0)) == 5
    assert len(np.unique(duplicated(1).embeddings.unified_mean(), axis=0)) == 1
    for scene in (labeled_first(), scattered(), duplicated(5), with_gaps()):
        assert isinstance(scene.pool, PairPool) and scene.pool.truth is None
        assert not np.isin(scene.pool.ids, np.arange(len(scene.pool))).any()
        scene.embeddings.validate()


def test_garbling_changes_rows_of_absent_pairs_alone() -> None:
    scene = with_gaps()
    other = garbled(scene)
    for before, after in zip(scene.embeddings.sides, other.embeddings.sides, strict=True):
        assert before.present is not None
        changed = (before.mean != after.mean).any(axis=1)
        np.testing.assert_array_equal(changed, ~before.present)
    np.testing.assert_array_equal(scene.embeddings.unified_mean(), other.embeddings.unified_mean())


@pytest.mark.parametrize("inputs", HARD)
@pytest.mark.parametrize("multilabel", [False, True])
def test_hard_inputs_are_allowed_inputs(inputs: str, multilabel: bool) -> None:
    HARD[inputs](scattered(multilabel)).embeddings.validate()


def test_model_of_raw_pairs_is_refused() -> None:
    pool = scattered().pool

    class Raw(PairPool):
        dims = None

    with pytest.raises(ValueError, match="not of raw pairs"):
        LinearPairModel.for_pool(Raw(pool.features, pool.class_names))
