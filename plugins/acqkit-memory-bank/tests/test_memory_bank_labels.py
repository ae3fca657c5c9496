"""Pseudo-labels: where they come from, and their file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from acqkit_memory_bank import MemoryBank, PseudoLabels, label_pool, pseudo_labels
from acqkit_memory_bank.labeling import AGGREGATION
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from acqkit import PairEmbeddings
from acqkit.embeddings import ModalityEmbeddings
from acqkit.errors import EmbeddingError, PoolError
from acqkit.labels import LabelState
from acqkit.metrics import precision_coverage
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


def test_memory_and_classifier_are_heard_as_documented() -> None:
    pool, embeddings = scene(multilabel=True)
    noise = np.random.default_rng(0).random((N, 4), dtype=np.float32)
    embeddings = replace(embeddings, b=replace(embeddings.b, probabilities=noise))
    a, b = (side.probabilities for side in embeddings.sides)
    assert a is not None and b is not None
    bank = MemoryBank(pool.labels, 6, multilabel=True, momentum=0)
    bank.update(np.arange(N), (embeddings.a.mean, embeddings.b.mean), (a, b))
    first = AGGREGATION.beliefs(bank)
    assert min(first.weights) < 0.9
    second = AGGREGATION.beliefs(bank, first.weights)
    w_a, w_b = second.weights
    own = (w_a * a + w_b * b) / (w_a + w_b)
    doubted = [0.97 * p + 0.015 for p in (second.probabilities, own)]
    logit = np.mean([np.log(p / (1 - p)) for p in doubted], axis=0)
    open_ = pool.labels.unlabeled
    found = pseudo_labels(embeddings, pool).probabilities
    assert_allclose(found[open_], 1 / (1 + np.exp(-logit[open_])), atol=1e-5)


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
