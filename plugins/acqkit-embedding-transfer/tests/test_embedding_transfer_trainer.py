"""The trainer `embedding-transfer`."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from acqkit_embedding_transfer import EmbeddingTransfer, Source
from numpy.testing import assert_allclose
from torch import nn

from acqkit.components.registry import registry
from acqkit.components.resolve import resolve
from acqkit.embeddings import IntArray, ModalityEmbeddings, PairEmbeddings
from acqkit.errors import ConfigError
from acqkit.interfaces import Model, PairBatch
from acqkit.metrics import class_prior
from acqkit.models import LogisticPair, Supervised, TorchPairModel, TwoTower
from acqkit.pool import PairPool
from acqkit.testing import LinearPairModel, conformance_test, make_pool

TINY = EmbeddingTransfer(min_steps=12, max_steps=12, batch_size=16)
SMALL = TwoTower(hidden=16, dim=6)

test_embedding_transfer_conforms = conformance_test(TINY)


def scene(multilabel: bool = False, labeled: int = 16, n: int = 60) -> PairPool:
    pool = make_pool(n, 3, multilabel=multilabel, labeled=labeled)
    return pool.with_labels(pool.labels)


def source_for(pool: PairPool, seed: int = 0) -> TorchPairModel:
    """A fitted two-tower."""
    model = SMALL.build(pool, "cpu")
    Supervised(min_steps=12, max_steps=12, batch_size=16).fit(model, pool, seed)
    return model


def own_encoders(pool: PairPool, dim: int = 5) -> TorchPairModel:
    """A model over somebody's own encoders, linear and deep."""
    assert pool.dims is not None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        a, b = (nn.Linear(width, dim) for width in pool.dims)
    return TorchPairModel(
        a,
        nn.Sequential(b, nn.Tanh()),
        dim=dim,
        n_classes=len(pool.class_names),
        multilabel=pool.multilabel,
    )


def embedded(model: Model, pool: PairPool) -> PairEmbeddings:
    return model.embed(pool.batch(np.arange(len(pool)))).validate()


def taught(
    source: Model, pool: PairPool, how: EmbeddingTransfer = TINY, **given: Any
) -> PairEmbeddings:
    """Embeddings of a two-tower after `source` taught it."""
    model = SMALL.build(pool, "cpu")
    how.fit_from(source, model, pool, 3, **given)
    return embedded(model, pool)


def difference(
    first: PairEmbeddings, second: PairEmbeddings, order: IntArray | slice = slice(None)
) -> float:
    pairs = zip(first.sides, second.sides, strict=True)
    return max(float(np.abs(one.mean[order] - other.mean).max()) for one, other in pairs)


def test_it_is_found_by_name() -> None:
    made = registry().make("trainer", "embedding-transfer", {"margin": 2})
    assert isinstance(made, EmbeddingTransfer) and made.margin == 2


@pytest.mark.parametrize("labeled", [0, 16, 60])
@pytest.mark.parametrize("absent", [False, True])
@pytest.mark.parametrize("multilabel", [False, True])
def test_all_sorts_of_pools(multilabel: bool, absent: bool, labeled: int) -> None:
    pool = scene(multilabel, labeled)
    if absent:
        has_a = np.arange(60) % 5 != 0
        pool = replace(pool, present=(has_a, (np.arange(60) % 7 != 1) | ~has_a))
    found = []
    for _ in range(2):
        model = SMALL.build(pool, "cpu")
        TINY.fit(model, pool, 0)
        found.append(embedded(model, pool))
    assert difference(found[0], found[1]) < 1e-6
    assert (found[0].a.probabilities is None) == (labeled == 0)


@pytest.mark.parametrize(("steps", "epochs"), [(3, 1), (12, 4), (30, 8)])
def test_the_share_of_active_entries_is_recorded_per_epoch(steps: int, epochs: int) -> None:
    """60 pairs make three batches of 16; relations are learned from a fifth of the steps on."""
    pool = scene()
    how = TINY.model_copy(update={"min_steps": steps, "max_steps": steps})
    record = how.fit(SMALL.build(pool, "cpu"), pool, 0)
    assert record is not None and list(record) == ["active_share"]
    assert len(record["active_share"]) == epochs
    assert all(0 < value < 1 for value in record["active_share"])
    # Relative distances are 1 on average: all entries are beyond the smallest margins, and
    # within the largest ones but where they wholly belong together.
    ends = []
    for margin in (1e-3, 100.0):
        how = TINY.model_copy(update={"margin": margin, "label_share": 0.0})
        ends.append(how.fit_from(source_for(pool), SMALL.build(pool, "cpu"), pool, 0))
    assert len(ends[0]["active_share"]) == 4
    assert max(ends[0]["active_share"]) < 0.01 and min(ends[1]["active_share"]) > 0.9


@pytest.mark.parametrize("questions", [1, 3])
def test_by_itself_it_is_its_own_source_as_it_learns(
    questions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, asked = scene(), []
    target = SMALL.build(pool, "cpu")

    def spy(model: Model, *given: Any) -> Source:
        assert model is target and not target.training
        asked.append(original(model, *given))
        return asked[-1]

    original = Source.of
    monkeypatch.setattr(Source, "of", spy)
    TINY.model_copy(update={"questions": questions}).fit(target, pool, 3)
    assert len(asked) == questions and not target.training
    for earlier, later in itertools.pairwise(asked):
        assert float((earlier.features - later.features).abs().max()) > 1e-3


def test_pair_wise_learning_counts_less_where_labels_are_plenty() -> None:
    """Sixteen pairs are labeled."""
    pool, source = scene(), source_for(scene())

    def with_(**changes: float) -> PairEmbeddings:
        return taught(source, pool, TINY.model_copy(update=changes))

    assert difference(with_(plenty=16.0), with_(plenty=1e9)) == 0
    weights = ("pairing_weight", "contrast_weight", "transfer_weight", "belief_weight")
    halved = {name: getattr(TINY, name) / 2 for name in weights}
    assert difference(with_(plenty=8.0), with_(plenty=1e9, **halved)) < 1e-5
    assert difference(with_(plenty=8.0), with_(plenty=1e9)) > 1e-4


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("labeled", [0, 16])
def test_a_target_may_be_of_another_width(labeled: int, multilabel: bool) -> None:
    pool = scene(multilabel, labeled)
    target = TwoTower(hidden=8, dim=3).build(pool, "cpu")
    record = TINY.fit_from(source_for(pool), target, pool, 0)
    assert len(record["active_share"]) == 4
    assert embedded(target, pool).dim == 3 + (3 if labeled else 0)


@pytest.mark.parametrize("labeled", [0, 16])
def test_source_and_target_may_be_of_any_kind(labeled: int) -> None:
    pool = scene(labeled=labeled)
    logistic = LogisticPair().build(pool, "cpu")
    logistic.fit(pool, 0)
    for source in (logistic, LinearPairModel.for_pool(pool), source_for(pool)):
        before, target = embedded(source, pool), own_encoders(pool)
        TINY.fit_from(source, target, pool, 0)
        embedded(target, pool)
        assert difference(before, embedded(source, pool)) == 0


def test_it_goes_on_from_a_source_of_its_architecture_and_else_starts_afresh() -> None:
    pool = scene()
    still = TINY.model_copy(update={"learning_rate": 1e-30})
    source = source_for(pool)
    assert difference(taught(source, pool, still), embedded(source, pool)) == 0
    fresh = own_encoders(pool)
    target = own_encoders(pool)
    still.fit_from(source, target, pool, 3)
    fresh.reset(3)
    fresh.expect_classes(class_prior(pool.labels, multilabel=False), target.trust)
    assert difference(embedded(target, pool), embedded(fresh, pool)) == 0


class FirstOrNot(LinearPairModel):
    """Tells pairs of the first class from all others, and nothing else."""

    def embed(self, batch: PairBatch) -> PairEmbeddings:
        truth = make_pool(60, 3).truth
        assert truth is not None
        side = ModalityEmbeddings(np.eye(2, dtype=np.float32)[truth[batch.positions, 0]])
        return PairEmbeddings(side, side, batch.positions)


def test_relations_of_the_source_are_what_is_learned() -> None:
    pool = scene(labeled=0)
    source = FirstOrNot.for_pool(pool)
    wanted = source.embed(pool.batch(np.arange(60))).a.mean
    found = []
    for weight in (0.0, 30.0):
        how = EmbeddingTransfer(min_steps=40, max_steps=40, batch_size=32, transfer_weight=weight)
        a, b = taught(source, pool, how).sides
        likeness = np.corrcoef([(wanted @ wanted.T).ravel(), (a.mean @ b.mean.T).ravel()])
        found.append(likeness[0, 1])
    assert found[1] > found[0] + 0.2


def test_the_sources_own_beliefs_count_where_classes_exclude_each_other() -> None:
    without = TINY.model_copy(update={"belief_weight": 0.0})
    for multilabel in (False, True):
        pool = scene(multilabel)
        source = source_for(pool)
        changed = difference(taught(source, pool), taught(source, pool, without)) > 1e-3
        assert changed == (not multilabel)


def test_beliefs_are_heard_where_labels_lack() -> None:
    pool = scene()
    source = source_for(pool)
    beliefs = np.eye(3, dtype=np.float32)[np.random.default_rng(0).integers(3, size=60)]
    without, believing = taught(source, pool), taught(source, pool, beliefs=beliefs)
    assert difference(without, believing) > 1e-3
    # What is believed of a pair whose label is known is not.
    other = beliefs.copy()
    other[pool.labels.labeled] = 1 / 3
    assert difference(believing, taught(source, pool, beliefs=other)) == 0
    everybody = scene(labeled=60)
    believing = taught(source, everybody, beliefs=beliefs)
    assert difference(taught(source, everybody, beliefs=other), believing) == 0


def test_believing_what_is_true_teaches_it() -> None:
    with_truth = make_pool(60, 3, labeled=12)
    truth = np.asarray(with_truth.truth)
    pool = with_truth.with_labels(with_truth.labels)
    source = LinearPairModel.for_pool(pool)
    how = TINY.model_copy(update={"min_steps": 40, "max_steps": 40})
    found = []
    for beliefs in (None, truth.astype(np.float32)):
        probabilities = taught(source, pool, how, beliefs=beliefs).unified_probabilities()
        found.append((truth * probabilities).sum(axis=1).mean())
    assert found[1] > found[0] + 0.1


def test_permuting_the_pool_permutes_what_is_learned() -> None:
    pool = scene()
    order = np.random.default_rng(0).permutation(60)
    permuted, source = pool.take(order), source_for(pool)
    assert_allclose(difference(taught(source, pool), taught(source, permuted), order), 0, atol=2e-5)


def test_the_same_seed_gives_the_same_model_and_another_seed_another() -> None:
    pool, found = scene(), []
    for seed in (0, 0, 1):
        target = own_encoders(pool)
        TINY.fit_from(source_for(pool), target, pool, seed)
        found.append(embedded(target, pool))
    assert difference(found[0], found[1]) == 0 and difference(found[0], found[2]) > 1e-4


@pytest.mark.parametrize("labeled", [0, 16])
def test_after_the_memory_bank(labeled: int) -> None:
    pytest.importorskip("acqkit_memory_bank", reason="acqkit-memory-bank is not installed")
    few = {"min_steps": 12, "max_steps": 12, "batch_size": 16}
    name = "memory-bank+embedding-transfer"
    both = resolve("trainer", {"name": name} | dict.fromkeys(name.split("+"), few)).component
    pool = scene(labeled=labeled)
    model: Any = SMALL.build(pool, "cpu")
    record = both.fit(model, pool, 0)
    assert len(record["embedding-transfer"]["active_share"]) == 4
    embedded(model, pool)


def test_a_model_of_another_kind_is_refused() -> None:
    pool = scene()
    other = LinearPairModel.for_pool(pool)
    with pytest.raises(ConfigError, match="LinearPairModel has a fit of its own"):
        TINY.fit(other, pool, 7)
    with pytest.raises(ConfigError, match="LinearPairModel has a fit of its own"):
        TINY.fit_from(source_for(pool), other, pool, 0)


def test_where_pseudo_labels_are_believed_few_labels_are_not_contrasted() -> None:
    pool = scene()
    source = source_for(pool)
    beliefs = np.full((60, 3), 1 / 3, dtype=np.float32)
    without = TINY.model_copy(update={"contrast_weight": 0.0})
    believing = taught(source, pool, beliefs=beliefs)
    assert difference(believing, taught(source, pool, without, beliefs=beliefs)) == 0
    assert difference(taught(source, pool), taught(source, pool, without)) > 1e-4
