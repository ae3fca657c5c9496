from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from acqkit import PairEmbeddings
from acqkit.errors import EmbeddingError
from acqkit.testing import make_embeddings, make_pool


@pytest.fixture
def embeddings() -> PairEmbeddings:
    return make_embeddings(make_pool(40))


def with_absent(embeddings: PairEmbeddings) -> PairEmbeddings:
    n = len(embeddings)
    present_a, present_b = np.ones(n, bool), np.ones(n, bool)
    present_a[3], present_b[5] = False, False
    return replace(
        embeddings,
        a=replace(embeddings.a, present=present_a),
        b=replace(embeddings.b, present=present_b),
    )


def test_unified_mean_is_the_mixture_mean_or_the_present_side(embeddings: PairEmbeddings) -> None:
    unified = with_absent(embeddings).unified_mean()
    both = [i for i in range(40) if i not in (3, 5)]
    expected = 0.5 * (embeddings.a.mean + embeddings.b.mean)
    assert_array_equal(unified[both], expected[both])
    assert_array_equal(unified[3], embeddings.b.mean[3])
    assert_array_equal(unified[5], embeddings.a.mean[5])


def test_unified_probabilities_need_probabilities(embeddings: PairEmbeddings) -> None:
    assert np.allclose(embeddings.unified_probabilities().sum(axis=1), 1, atol=1e-6)
    without = replace(embeddings, a=replace(embeddings.a, probabilities=None))
    with pytest.raises(EmbeddingError, match="label an initial set"):
        without.unified_probabilities()


def test_blocks_cover_the_rows_in_order(embeddings: PairEmbeddings) -> None:
    rows = np.array([7, 3, 30, 31, 5])
    blocks = list(embeddings.blocks(rows, size=2))
    assert [len(block) for block in blocks] == [2, 2, 1]
    assert_array_equal(np.concatenate([b.positions for b in blocks]), rows)
    assert_array_equal(np.concatenate([b.a.mean for b in blocks]), embeddings.a.mean[rows])
    whole = list(embeddings.blocks(size=16))
    assert_array_equal(np.concatenate([b.positions for b in whole]), np.arange(40))
    assert np.shares_memory(whole[0].a.mean, embeddings.a.mean)


def test_saving_and_loading_gives_the_same_arrays_memory_mapped(
    embeddings: PairEmbeddings, tmp_path: Path
) -> None:
    original = replace(with_absent(embeddings), content_dim=3)
    original.save(tmp_path)
    loaded = PairEmbeddings.load(tmp_path).validate()
    assert isinstance(loaded.a.mean, np.memmap)
    for side, other in zip(original.sides, loaded.sides, strict=True):
        for field in ("mean", "variance", "probabilities", "present"):
            assert_array_equal(getattr(side, field), getattr(other, field))
    assert original.classifier is not None and loaded.classifier is not None
    assert_array_equal(original.classifier.weight, loaded.classifier.weight)
    assert_array_equal(original.classifier.bias, loaded.classifier.bias)
    assert loaded.multilabel == original.multilabel
    assert loaded.content_dim == original.content_dim


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_validation_names_the_array_and_the_position(
    embeddings: PairEmbeddings, value: float
) -> None:
    embeddings.b.mean[17, 2] = value
    with pytest.raises(EmbeddingError, match=r"b\.mean .* position 17"):
        embeddings.validate()


def test_validation_refuses_wrong_shapes_and_variances(embeddings: PairEmbeddings) -> None:
    narrow = replace(embeddings, b=replace(embeddings.b, mean=embeddings.b.mean[:, :3]))
    with pytest.raises(EmbeddingError, match="one space, got widths 5 and 3"):
        narrow.validate()
    short = replace(embeddings, a=replace(embeddings.a, mean=embeddings.a.mean[:10]))
    with pytest.raises(EmbeddingError, match=r"a\.mean has shape \(10, 5\)"):
        short.validate()
    flat = replace(embeddings, a=replace(embeddings.a, variance=0 * embeddings.a.mean))
    with pytest.raises(EmbeddingError, match=r"a\.variance has values that are not > 0"):
        flat.validate()


def test_content_drops_what_restates_probabilities(embeddings: PairEmbeddings) -> None:
    width = embeddings.dim - 1
    marked = replace(embeddings, content_dim=width)
    content = marked.content()
    assert content.dim == width
    assert content.content_dim is None
    for side, whole in zip(content.sides, embeddings.sides, strict=True):
        assert_array_equal(side.mean, whole.mean[:, :width])
        assert np.shares_memory(side.mean, whole.mean)
    assert marked.take(slice(2)).content().dim == width
    rows = np.array([2, 0])
    for side, whole in zip(content.take(rows).sides, embeddings.sides, strict=True):
        assert_array_equal(side.mean, whole.mean[rows, :width])
    assert embeddings.content() is embeddings


@pytest.mark.parametrize("width", [0, 10_000])
def test_a_content_wider_than_the_means_is_refused(embeddings: PairEmbeddings, width: int) -> None:
    with pytest.raises(EmbeddingError, match="content_dim is"):
        replace(embeddings, content_dim=width).validate()
