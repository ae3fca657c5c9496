"""The trainers to beat are fit to be beaten: they train, and what they compute is right."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.semi_supervised import LabelSpreading
from torch.nn import functional

from acqkit.components.registry import registry
from acqkit.errors import ConfigError, PoolError
from acqkit.interfaces import Component, Trainer
from acqkit.models import (
    LogisticPair,
    Outputs,
    TwoTower,
    belief_classification_of,
    classification_of,
    same_class_loss,
)
from acqkit.pool import PairPool
from acqkit.runner.evaluate import evaluate
from acqkit.testing import Check, make_pool, parametrize_with_checks
from suite.baselines import register_baselines
from suite.baselines.fixmatch import FixMatch
from suite.baselines.graph import neighbor_graph, propagated, spread
from suite.baselines.propagation import LabelPropagation, joined_features
from suite.baselines.pseudo import PseudoLabels
from suite.baselines.simple import ClassWise, PairWise, PlainSum

SMALL = TwoTower(hidden=16, dim=6)
QUICK = {"min_steps": 1, "max_steps": 12, "batch_size": 32}
TRAINERS: dict[str, Component] = {
    "pseudo-labels": PseudoLabels(threshold=0.6, absent=0.3, **QUICK),
    "fixmatch": FixMatch(threshold=0.6, absent=0.3, **QUICK),
    "label-propagation": LabelPropagation(neighbors=4, **QUICK),
    "class-wise": ClassWise(**QUICK),
    "pair-wise": PairWise(**QUICK),
    "plain-sum": PlainSum(**QUICK),
}


@parametrize_with_checks(TRAINERS, model=SMALL)
def test_conformance(component: Component, check: Check) -> None:
    check(component)


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("name", TRAINERS)
def test_it_learns(name: str, multilabel: bool) -> None:
    pool = make_pool(160, 4, multilabel=multilabel, labeled=40, test_share=0.3, seed=4)
    assert pool.truth is not None and pool.test is not None
    model = SMALL.build(pool, "cpu")
    test = np.flatnonzero(pool.test)
    before = evaluate(model, pool, test, pool.truth).scores.map
    trainer = TRAINERS[name].model_copy(update={"max_steps": 60, "min_steps": 60})
    assert isinstance(trainer, Trainer)
    trainer.fit(model, train_part(pool), 0)
    assert evaluate(model, pool, test, pool.truth).scores.map > before + 0.03
    assert model.knows_classes == (name != "pair-wise")


def train_part(pool: PairPool) -> PairPool:
    """The pool as trainers see it."""
    train = pool.take(pool.train_positions)
    return train.with_labels(train.labels)


@pytest.mark.parametrize("name", TRAINERS)
def test_another_model_than_a_torch_network_is_refused(name: str) -> None:
    pool, trainer = make_pool(labeled=20), TRAINERS[name]
    assert isinstance(trainer, Trainer)
    with pytest.raises(ConfigError, match="trains torch networks"):
        trainer.fit(LogisticPair().build(pool, "cpu"), pool, 0)


def test_the_baselines_are_registered_once() -> None:
    registry.cache_clear()
    try:
        register_baselines()
        register_baselines()
        assert {*TRAINERS} <= {*registry().names("trainer")}
        assert registry().get("trainer", "fixmatch").distribution == "acqkit"
    finally:
        registry.cache_clear()


def test_the_loss_on_targets_rises_along_a_line() -> None:
    trainer = PseudoLabels(unlabeled_weight=2.0, warmup=0.2, ramp=0.4)
    weights = [trainer.weight_at(progress) for progress in (0, 0.2, 0.4, 0.6, 0.9)]
    assert weights == pytest.approx([0, 0, 1, 2, 2])
    abrupt = PseudoLabels(warmup=0.2, ramp=0)
    assert [abrupt.weight_at(progress) for progress in (0.2, 0.21)] == [0, 1]


def test_confident_classes_become_hard_labels() -> None:
    p = torch.tensor([[0.95, 0.03, 0.02], [0.5, 0.3, 0.2]])
    trainer = PseudoLabels(threshold=0.9, absent=0.025)
    targets, weights = trainer.hard_labels(p, multilabel=False)
    assert targets.tolist() == [[1, 0, 0], [1, 0, 0]] and weights.tolist() == [[1], [0]]
    targets, weights = trainer.hard_labels(p, multilabel=True)
    assert targets.tolist() == [[1, 0, 0], [0, 0, 0]]
    assert weights.tolist() == [[1, 0, 1], [0, 0, 0]]
    with pytest.raises(ValueError, match="absent must be below threshold"):
        PseudoLabels(threshold=0.5, absent=0.5)


def outputs_of(logits: list[torch.Tensor], present: list[torch.Tensor | None]) -> Outputs:
    a, b = logits
    features = (functional.normalize(a, dim=1), functional.normalize(b, dim=1))
    return Outputs(features, (a, b), features, (present[0], present[1]), np.arange(len(a)))


def test_hard_targets_of_weight_one_are_labels() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = [torch.randn(5, 3, generator=generator) for _ in range(2)]
    outputs = outputs_of(logits, [None, None])
    labels = torch.eye(3)[[0, 2, 1, 1, 0]]
    for multilabel, width in ((False, 1), (True, 3)):
        loss = belief_classification_of(
            outputs, labels, torch.ones(5, width), multilabel=multilabel
        )
        wanted = classification_of(outputs, labels, multilabel=multilabel)
        assert float(loss) == pytest.approx(float(wanted))
    lacking = outputs_of(logits, [torch.tensor([True, True, False, False, True]), None])
    loss = belief_classification_of(lacking, labels, torch.ones(5, 1), multilabel=False)
    assert float(loss) == pytest.approx(float(classification_of(lacking, labels, multilabel=False)))


def test_the_supervised_contrast_is_that_of_its_equation() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = [torch.randn(6, 4, generator=generator) for _ in range(2)]
    present = torch.tensor([True] * 5 + [False])
    outputs = outputs_of(logits, [present, None])
    labels = torch.tensor([[1, 1, 0], [1, 0, 0], [0, 1, 1], [0, 0, 1], [0, 0, 0], [1, 1, 1.0]])
    u = torch.cat([outputs.features[0][:5], outputs.features[1]]).double().numpy()
    y = torch.cat([labels[:5], labels]).bool().numpy()
    losses = []
    for i in range(11):
        others = [j for j in range(11) if j != i]
        scores = np.exp(u[others] @ u[i] / 0.5)
        shared = [(y[i] & y[j]).sum() / max((y[i] | y[j]).sum(), 1) for j in others]
        if sum(shared) > 0:
            losses.append(-np.average(np.log(scores / scores.sum()), weights=shared))
    assert len(losses) == 9
    loss = float(same_class_loss(outputs, labels, 0.5))
    assert loss == pytest.approx(float(np.mean(losses)), rel=1e-5)
    assert float(same_class_loss(outputs, labels * 0, 0.5)) == 0


def test_propagation_is_that_of_scikit_learn() -> None:
    pool = make_pool(120, 3, labeled=12, seed=5)
    x = joined_features(pool)
    known = np.zeros(120, dtype=bool)
    known[pool.labels.labeled] = True
    graph = neighbor_graph(x, 6)
    assert (graph != graph.T).nnz == 0 and graph.diagonal().sum() == 0
    truth = pool.labels.matrix.astype(np.float64)
    oracle = LabelSpreading(lambda *_: graph.toarray(), alpha=0.8, max_iter=500, tol=1e-9)
    oracle.fit(x, np.where(known, truth.argmax(axis=1), -1))
    p, certainty = propagated(graph, truth, known, 0.8, multilabel=False)
    np.testing.assert_allclose(p, oracle.label_distributions_, atol=1e-4)
    entropy = -(p * np.log(p + 1e-12)).sum(axis=1) / np.log(3)
    np.testing.assert_allclose(certainty[:, 0], 1 - entropy, atol=1e-5)


def test_spreading_ends_at_its_closed_form() -> None:
    pool = make_pool(60, 3, multilabel=True, labeled=20)
    graph = neighbor_graph(joined_features(pool), 4)
    start = pool.labels.matrix.astype(np.float64)
    degree = np.asarray(graph.sum(axis=1)).ravel()
    smooth = graph.toarray() / np.sqrt(degree[:, None] * degree[None, :])
    exact = np.linalg.solve(np.eye(60) - 0.7 * smooth, 0.3 * start)
    np.testing.assert_allclose(spread(graph, start, 0.7, 1e-12), exact, atol=1e-9)


def test_masses_of_class_and_rest_are_those_of_the_labels() -> None:
    pool = make_pool(300, 4, multilabel=True, labeled=60, seed=2)
    known = np.zeros(300, dtype=bool)
    known[pool.labels.labeled] = True
    labels = pool.labels.matrix.astype(np.float64)
    graph = neighbor_graph(joined_features(pool), 8)
    p, certainty = propagated(graph, labels, known, 0.9, multilabel=True)
    np.testing.assert_allclose(p.mean(axis=0), labels[known].mean(axis=0), atol=0.1)
    assert certainty.shape == (300, 4) and certainty.min() >= 0 and certainty.max() <= 1
    assert pool.truth is not None
    right = ((p > 0.5) == pool.truth)[~known].mean()
    assert right > 0.85
    unreached = sparse.csr_matrix((300, 300))
    p, certainty = propagated(unreached, labels, known, 0.9, multilabel=True)
    assert (p[~known] == 0.5).all() and (certainty[~known] == 0).all()


def test_raw_items_have_no_graph() -> None:
    raw = PairPool.from_dataset(
        [("red", np.ones((2, 2)), 0), ("blue", np.ones((3, 2)), 1)], label_column=2
    )
    with pytest.raises(PoolError, match="label propagation needs features"):
        joined_features(raw)
