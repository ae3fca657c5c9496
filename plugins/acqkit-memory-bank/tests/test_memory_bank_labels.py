"""Pseudo-labels: where they come from, what is decided, how precise, and their file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from acqkit_memory_bank import (
    PseudoLabels,
    decide,
    label_pool,
    precision_coverage,
    pseudo_labels,
)
from acqkit_memory_bank.decisions import class_prior, geometric_mean, least_sure
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from acqkit import PairEmbeddings
from acqkit.embeddings import ModalityEmbeddings
from acqkit.errors import ConfigError, EmbeddingError, PoolError
from acqkit.labels import LabelState
from acqkit.pool import PairPool
from acqkit.testing import LinearPairModel, make_embeddings, make_pool

N = 80


def scene(multilabel: bool = False, absent: bool = False) -> tuple[PairPool, PairEmbeddings]:
    """A pool with names for ids, some pairs of which lack one modality and one lacks both."""
    pool = make_pool(N, 4, multilabel=multilabel, labeled=16)
    ids = np.array([f"pair-{number}" for number in range(N)])
    pool = replace(pool, explicit_ids=ids)
    if absent:
        present = np.ones((2, N), dtype=bool)
        present[0, ::6] = False
        present[1, 3::8] = False
        present[:, pool.labels.unlabeled[-1]] = False
        pool = replace(pool, present=(present[0], present[1]))
    return pool, make_embeddings(pool, 6)


def without_probabilities(embeddings: PairEmbeddings) -> PairEmbeddings:
    a, b = (replace(side, probabilities=None) for side in embeddings.sides)
    return PairEmbeddings(a, b, embeddings.positions, embeddings.multilabel)


@pytest.mark.parametrize("classified", [True, False])
@pytest.mark.parametrize("absent", [True, False])
@pytest.mark.parametrize("multilabel", [True, False])
def test_every_pair_has_a_label_and_known_ones_are_pinned(
    multilabel: bool, absent: bool, classified: bool
) -> None:
    pool, embeddings = scene(multilabel, absent)
    table = pseudo_labels(embeddings if classified else without_probabilities(embeddings), pool)
    known = pool.labels.labeled
    assert_array_equal(np.flatnonzero(table.labeled), known)
    assert_array_equal(table.labels[known], pool.labels.matrix[known])
    assert_array_equal(table.probabilities[known], pool.labels.matrix[known])
    assert_array_equal(table.confidence[known], 1)
    assert_array_equal(table.ids, pool.ids)
    assert table.labels.any(axis=1).all()
    assert ((table.confidence >= 0) & (table.confidence <= 1)).all()
    assert np.isfinite(table.probabilities).all()
    if not multilabel:
        assert_array_equal(table.labels.sum(axis=1), 1)
        assert_allclose(table.probabilities.sum(axis=1), 1, atol=1e-5)


def test_they_are_mostly_right_and_the_surer_the_more() -> None:
    pool = make_pool(400, 4, labeled=80)
    assert pool.truth is not None
    table = pseudo_labels(without_probabilities(make_embeddings(pool, 8)), pool)
    open_ = ~table.labeled
    tenths = precision_coverage(table.labels[open_], table.confidence[open_], pool.truth[open_])
    assert tenths[0] > 0.95 and tenths[-1] > 0.75
    assert tenths[0] >= tenths[4] > tenths[-1]


def components(n: int = 40) -> tuple[PairPool, PairEmbeddings]:
    """Two groups of pairs at right angles, labels in the first alone."""
    rng = np.random.default_rng(0)
    means = np.repeat(np.eye(2, 3), n // 2, axis=0) + 0.01 * rng.random((n, 3))
    p = rng.dirichlet(np.ones(2), n).astype(np.float32)
    side = ModalityEmbeddings(means.astype(np.float32), None, p)
    truth = np.tile(np.array([[1, 0]], dtype=np.uint8), (n, 1))
    truth[1] = [0, 1]
    labels = LabelState.empty(n, 2).with_answers(np.arange(6), truth[:6], 0)
    pool = make_pool(n, 2).with_labels(labels)
    return pool, PairEmbeddings(side, side, np.arange(n))


def test_where_no_label_reaches_the_classifier_decides_alone() -> None:
    pool, embeddings = components()
    table = pseudo_labels(embeddings, pool)
    assert embeddings.a.probabilities is not None
    assert_allclose(table.probabilities[20:], embeddings.a.probabilities[20:], rtol=1e-5)
    assert np.abs(table.probabilities[6:20] - embeddings.a.probabilities[6:20]).max() > 0.1


def test_where_there_is_neither_the_prior_decides() -> None:
    pool, embeddings = components()
    table = pseudo_labels(without_probabilities(embeddings), pool)
    assert_allclose(table.probabilities[20:], [[5.5 / 7, 1.5 / 7]] * 20, rtol=1e-6)
    pool, embeddings = scene(multilabel=True, absent=True)
    lost = pool.labels.unlabeled[-1]
    found = pseudo_labels(embeddings, pool).probabilities[lost]
    matrix = pool.labels.matrix[pool.labels.labeled]
    assert_allclose(found, (matrix.sum(axis=0) + 0.5) / (len(matrix) + 1), rtol=1e-6)


def test_agreement_is_of_the_classifier_where_it_sees_both_modalities() -> None:
    pool, embeddings = scene(absent=True)
    table = pseudo_labels(embeddings, pool)
    a, b = (side.probabilities for side in embeddings.sides)
    assert a is not None and b is not None
    assert pool.present[0] is not None and pool.present[1] is not None
    both = pool.present[0] & pool.present[1]
    cosine = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert_allclose(table.agreement[both], cosine[both], atol=1e-6)
    assert_array_equal(table.agreement[~both], 1)


@pytest.mark.parametrize("multilabel", [True, False])
def test_permuting_the_pool_permutes_the_labels(multilabel: bool) -> None:
    pool, embeddings = scene(multilabel, absent=True)
    order = np.random.default_rng(1).permutation(N)
    permuted = replace(embeddings.take(order), positions=np.arange(N))
    first, second = pseudo_labels(embeddings, pool), pseudo_labels(permuted, pool.take(order))
    assert_array_equal(second.ids, first.ids[order])
    assert_allclose(second.probabilities, first.probabilities[order], atol=1e-4)
    assert_array_equal(second.labels, first.labels[order])


def test_modalities_may_be_swapped() -> None:
    pool, embeddings = scene(multilabel=True, absent=True)
    swapped = replace(embeddings, a=embeddings.b, b=embeddings.a)
    first, second = pseudo_labels(embeddings, pool), pseudo_labels(swapped, pool.swap_modalities())
    assert_allclose(second.probabilities, first.probabilities, atol=1e-5)
    assert_array_equal(second.labels, first.labels)


@pytest.mark.parametrize("block_size", [7, 1000])
def test_any_model_may_be_asked_block_by_block(block_size: int) -> None:
    pool, _ = scene()
    model = LinearPairModel.for_pool(pool)
    wanted = pseudo_labels(model.embed(pool.batch(np.arange(N))), pool)
    found = label_pool(model, pool, block_size=block_size)
    assert_allclose(found.probabilities, wanted.probabilities, atol=1e-5)


def test_what_cannot_be_labeled_is_said() -> None:
    pool, embeddings = scene()
    with pytest.raises(PoolError, match="has no labeled pair"):
        pseudo_labels(embeddings, pool.with_labels(LabelState.empty(N, 4)))
    with pytest.raises(EmbeddingError, match="embeddings of all 80 pairs"):
        pseudo_labels(embeddings.take(np.arange(5)), pool)


# Decisions


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40), st.sampled_from([0.0, 0.5, 0.9]))
def test_classes_keep_to_their_shares(seed: int, n: int, floor: float) -> None:
    rng = np.random.default_rng(seed)
    p = rng.permutation(np.linspace(0.01, 0.99, n * 5)).reshape(n, 5).astype(np.float32)
    prior = rng.random(5).astype(np.float32)
    labels = decide(p, prior, multilabel=True, floor=floor)
    best = np.eye(5, dtype=np.uint8)[p.argmax(axis=1)]
    assert (labels >= best).all()
    for column in range(5):
        share = max(round(float(prior[column]) * n), int(best[:, column].sum()))
        given_to, value = labels[:, column] == 1, p[:, column]
        assert given_to.sum() <= share
        if floor == 0:
            assert given_to.sum() == share
        added = given_to & (best[:, column] == 0)
        left = ~given_to
        if added.any():
            assert value[added].min() >= max(floor, value[left].max(initial=0))


def test_one_label_a_pair_is_the_most_probable() -> None:
    p = np.random.default_rng(0).dirichlet(np.ones(4), 20).astype(np.float32)
    prior = np.full(4, 0.25, dtype=np.float32)
    labels = decide(p, prior, multilabel=False)
    assert_array_equal(labels, np.eye(4, dtype=np.uint8)[p.argmax(axis=1)])
    assert_allclose(least_sure(p, labels), p.max(axis=1))


def test_equal_probabilities_are_decided_alike() -> None:
    p = np.array([[0.9, 0.6], [0.9, 0.6], [0.9, 0.6], [0.9, 0.1]], dtype=np.float32)
    labels = decide(p, np.array([1, 0.5], dtype=np.float32), multilabel=True)
    assert_array_equal(labels[:, 1], [1, 1, 1, 0])


def test_the_prior_of_a_class_without_labels_is_small_and_not_zero() -> None:
    matrix = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0]], dtype=np.uint8)
    labels = LabelState.empty(4, 3).with_answers(np.arange(3), matrix[:3], 0)
    assert_allclose(class_prior(labels, multilabel=True), [3.5 / 4, 1.5 / 4, 0.5 / 4])
    assert_allclose(class_prior(labels, multilabel=False), np.array([3.5, 1.5, 0.5]) / 4.5)


@pytest.mark.parametrize("multilabel", [True, False])
def test_the_geometric_mean_of_one_source_is_that_source(multilabel: bool) -> None:
    p = np.random.default_rng(0).dirichlet(np.ones(4), 20).astype(np.float32)
    assert_allclose(geometric_mean([p, p], multilabel=multilabel, doubt=0), p, atol=1e-6)
    certain = np.eye(4, dtype=np.float32)
    pooled = geometric_mean([certain, certain[::-1]], multilabel=multilabel, doubt=0.1)
    assert ((pooled > 0.01) & (pooled <= 0.5 + 1e-6)).all()


# Precision


def test_precision_counts_the_labels_of_the_pairs_looked_at() -> None:
    labels = np.array([[1, 1], [1, 0], [0, 1], [1, 0]], dtype=np.uint8)
    truth = np.array([[1, 0], [1, 1], [0, 1], [0, 1]], dtype=np.uint8)
    confidence = np.array([0.1, 0.9, 0.8, 0.7], dtype=np.float32)
    found = precision_coverage(labels, confidence, truth, [0.25, 0.5, 0.75, 1])
    assert_allclose(found, [1, 1, 2 / 3, 3 / 5])
    assert precision_coverage(labels, confidence, truth, 0.01) == [1]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_precision_with_one_label_a_pair_is_accuracy_in_any_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one = np.eye(3, dtype=np.uint8)
    labels, truth = one[rng.integers(3, size=(2, 30))]
    confidence = rng.integers(5, size=30).astype(np.float32)
    found = precision_coverage(labels, confidence, truth)
    order = rng.permutation(30)
    assert_allclose(precision_coverage(labels[order], confidence[order], truth[order]), found)
    assert found[-1] == pytest.approx((labels * truth).sum() / 30)


@pytest.mark.parametrize("coverages", [[0.0], [0.5, 1.1]])
def test_a_coverage_of_nothing_or_more_than_all_is_refused(coverages: list[float]) -> None:
    one = np.ones((2, 1), dtype=np.uint8)
    with pytest.raises(ConfigError, match="above 0 and at most 1"):
        precision_coverage(one, np.ones(2, dtype=np.float32), one, coverages)
    with pytest.raises(ConfigError, match="at least one pair"):
        precision_coverage(one[:0], np.ones(0, dtype=np.float32), one[:0])


# The file


def assert_same(first: PseudoLabels, second: PseudoLabels) -> None:
    assert first.class_names == second.class_names
    for name in set(PseudoLabels.__slots__) - {"class_names"}:
        values: NDArray[np.generic] = getattr(first, name)
        assert_array_equal(getattr(second, name), values, err_msg=name)
        assert getattr(second, name).dtype == values.dtype, name


@pytest.mark.parametrize("multilabel", [True, False])
def test_a_table_survives_its_file(multilabel: bool, tmp_path: Path) -> None:
    pool, embeddings = scene(multilabel, absent=True)
    table = pseudo_labels(embeddings, pool)
    table.to_parquet(tmp_path / "labels.parquet")
    assert_same(table, PseudoLabels.from_parquet(tmp_path / "labels.parquet"))
    some = table.take(table.confidence > 2)
    some.to_parquet(tmp_path / "none.parquet")
    assert len(PseudoLabels.from_parquet(str(tmp_path / "none.parquet"))) == 0
    numbered = replace(table, ids=np.arange(N) * 3)
    numbered.to_parquet(tmp_path / "numbered.parquet")
    assert_same(numbered, PseudoLabels.from_parquet(tmp_path / "numbered.parquet"))


def test_the_file_is_what_an_annotator_reads_and_edits(tmp_path: Path) -> None:
    pool, embeddings = scene(multilabel=True)
    table = pseudo_labels(embeddings, pool)
    file = tmp_path / "labels.parquet"
    table.to_parquet(file)
    rows = pq.read_table(file)
    assert rows["id"].to_pylist() == pool.ids.tolist()
    assert rows["known"].to_pylist() == table.labeled.tolist()
    for row, names in enumerate(rows["labels"].to_pylist()):
        columns = [table.class_names.index(name) for name in names]
        assert sorted(columns) == np.flatnonzero(table.labels[row]).tolist()
        assert (np.diff(table.probabilities[row, columns]) <= 0).all()

    names = rows["labels"].to_pylist()
    names[5] = ["class2"]
    edited = rows.set_column(1, "labels", pa.array(names))
    pq.write_table(edited, file)
    assert_array_equal(PseudoLabels.from_parquet(file).labels[5], [0, 0, 1, 0])
    names[5] = ["clas2"]
    pq.write_table(rows.set_column(1, "labels", pa.array(names)), file)
    with pytest.raises(PoolError, match="row 5 the class 'clas2'"):
        PseudoLabels.from_parquet(file)


def test_files_that_are_no_such_table_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "labels.parquet"
    with pytest.raises(PoolError, match="cannot be read as Parquet"):
        PseudoLabels.from_parquet(file)
    file.write_bytes(b"PAR1 no more")
    with pytest.raises(PoolError, match="cannot be read as Parquet"):
        PseudoLabels.from_parquet(file)
    pq.write_table(pa.table({"id": [1], "labels": [["x"]]}), file)
    with pytest.raises(PoolError, match="no table of pseudo-labels: lacks confidence"):
        PseudoLabels.from_parquet(file)


def test_columns_of_other_lengths_are_refused() -> None:
    pool, embeddings = scene()
    table = pseudo_labels(embeddings, pool)
    with pytest.raises(PoolError, match=r"confidence of pseudo-labels has shape \(3,\)"):
        replace(table, confidence=table.confidence[:3])
