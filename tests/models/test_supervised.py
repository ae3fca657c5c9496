"""The shared training loop and the reference trainer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from toy import QUICK, SMALL, difference, embedded, hidden_truth, lacking, own_model, trained

from acqkit.errors import ConfigError
from acqkit.loading import load_pool
from acqkit.models.data import TrainingData, shuffled_batches
from acqkit.models.network import PairNetwork
from acqkit.models.progress import Progress
from acqkit.models.schedule import Schedule
from acqkit.models.supervised import Supervised
from acqkit.models.training import Objective, Step, train
from acqkit.pool.features import ArrayFeatures
from acqkit.pool.folder import save_pool
from acqkit.testing import make_pool
from light_components import LightModel


def test_same_seed_same_model_and_global_state_untouched() -> None:
    pool = make_pool(80, 3, labeled=20)
    state = torch.get_rng_state()
    first = embedded(trained(pool, seed=5), pool)
    assert torch.equal(state, torch.get_rng_state())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(99)
        second = embedded(trained(pool, seed=5), pool)
    assert difference(first, second) == 0
    assert difference(first, embedded(trained(pool, seed=6), pool)) > 1e-3


def test_training_starts_from_scratch() -> None:
    pool = make_pool(80, 3, labeled=20)
    for model in (SMALL.build(pool, "cpu"), own_model(pool)):
        QUICK.fit(model, hidden_truth(pool), 1)
        first = embedded(model, pool)
        QUICK.fit(model, hidden_truth(make_pool(80, 3, labeled=5)), 2)
        QUICK.fit(model, hidden_truth(pool), 1)
        assert difference(first, embedded(model, pool)) == 0


def test_order_of_the_pool_does_not_matter() -> None:
    pool = make_pool(80, 3, labeled=20)
    order = np.random.default_rng(0).permutation(80)
    first = embedded(trained(pool), pool)
    second = embedded(trained(pool.take(order)), pool)
    assert difference(first, second) < 1e-3


@pytest.mark.parametrize("multilabel", [False, True])
def test_it_learns_classes_and_pairs(multilabel: bool) -> None:
    pool = make_pool(300, 4, multilabel=multilabel, labeled=80)
    assert pool.truth is not None
    longer = Supervised(min_steps=150, max_steps=150, batch_size=64)
    embeddings = embedded(trained(pool, trainer=longer), pool)
    unlabeled = pool.labels.unlabeled
    predicted = embeddings.unified_probabilities()[unlabeled]
    if multilabel:
        right = ((predicted > 0.5) == pool.truth[unlabeled]).mean()
    else:
        right = (predicted.argmax(axis=1) == pool.truth[unlabeled].argmax(axis=1)).mean()
    assert right > 0.8


def test_without_labels_partners_are_found_by_pairing_alone() -> None:
    pool = make_pool(200, 8)
    longer = Supervised(min_steps=150, max_steps=150, batch_size=64)
    a, b = (side.mean for side in embedded(trained(pool, trainer=longer), pool).sides)
    similarity = a @ b.T
    above = (similarity > np.diag(similarity)[:, None]).mean()
    assert above < 0.2  # chance: 0.5


def test_all_labeled_one_labeled_and_one_pair() -> None:
    for pool in (make_pool(40, 3, labeled=40), make_pool(40, 3, labeled=1), make_pool(1, 3)):
        embedded(trained(pool), pool)


def test_missing_modality_rows_have_no_influence() -> None:
    pool = lacking(make_pool(60, 3, labeled=30))
    order = np.arange(60)
    a, b = (
        ArrayFeatures(np.where(mask[:, None], source.rows(order), np.float32(7)))
        for source, mask in zip(pool.features, pool.present, strict=True)
        if mask is not None
    )
    other = replace(pool, features=(a, b))
    assert difference(embedded(trained(pool), pool), embedded(trained(other), pool)) < 1e-6


def test_a_model_that_is_no_network_is_refused() -> None:
    model = LightModel((8, 6), 3, False)
    with pytest.raises(ConfigError, match=r"Supervised trains torch networks .* LightModel has a"):
        QUICK.fit(model, hidden_truth(make_pool(40, 3, labeled=20)), 0)
    assert not model.fitted


def test_a_read_only_pool_is_trained_on_and_embedded_like_any_other(tmp_path: Path) -> None:
    pool = make_pool(80, 3, labeled=20)
    save_pool(pool, tmp_path / "pool")
    mapped = load_pool(tmp_path / "pool").with_labels(pool.labels)
    assert not mapped.batch(np.arange(10)).a.flags.writeable
    torch.set_warn_always(True)  # by default torch warns once a process
    try:
        found = [embedded(trained(each), each) for each in (mapped, pool)]
    finally:
        torch.set_warn_always(False)
    assert difference(*found) == 0


def test_zero_weights_teach_nothing() -> None:
    pool = make_pool(60, 3, labeled=20)
    idle = Supervised(
        classification_weight=0, contrastive_weight=0, weight_decay=0, min_steps=3, max_steps=3
    )
    model = own_model(pool)
    before = {name: value.clone() for name, value in model.encoders.state_dict().items()}
    idle.fit(model, hidden_truth(pool), 0)
    assert all(torch.equal(before[k], v) for k, v in model.encoders.state_dict().items())


@pytest.mark.parametrize("multilabel", [False, True])
def test_classification_weighs_by_the_number_of_labels(multilabel: bool) -> None:
    pool = make_pool(60, 3, labeled=20, multilabel=multilabel)
    labels = int(pool.labels.matrix.sum())
    assert (labels > 20) == multilabel
    by_labels = {"classification_weight": 4.0, "half_labels": 30.0}
    fixed = {"classification_weight": 4.0 * labels / (labels + 30), "half_labels": 0.0}
    found = []
    for weights in (by_labels, fixed, by_labels | {"half_labels": 0.0}):
        model = own_model(pool)
        QUICK.model_copy(update=weights).fit(model, hidden_truth(pool), 0)
        found.append(embedded(model, pool))
    assert difference(found[0], found[1]) < 1e-6 < difference(found[0], found[2])


def test_frozen_encoders_are_not_trained() -> None:
    pool = make_pool(60, 3, labeled=20)
    model = own_model(pool)
    model.encoders.requires_grad_(False)
    before = {name: value.clone() for name, value in model.encoders.state_dict().items()}
    QUICK.fit(model, hidden_truth(pool), 0)
    assert all(torch.equal(before[k], v) for k, v in model.encoders.state_dict().items())
    assert model.class_weight.abs().sum() > 0


class Watching(Objective):
    """Keeps what it is shown."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.epochs: list[int] = []
        self.total = 0

    def start(self, network: PairNetwork, data: TrainingData, steps: int) -> None:
        assert network.training is True and len(data) > 0
        self.total = steps

    def epoch_started(self, epoch: int) -> None:
        self.epochs.append(epoch)

    def loss(self, step: Step) -> Tensor:
        self.steps.append(step)
        return step.sample.logits[0].sum() * 0


def test_an_objective_sees_every_pair_and_every_label() -> None:
    pool = make_pool(100, 3, labeled=10)
    objective, seen = Watching(), list[Progress]()
    schedule = Schedule(epochs=2, min_steps=1, max_steps=99, batch_size=20)
    model = own_model(pool)
    train(model, hidden_truth(pool), objective, schedule, 0, on_step=seen.append)
    assert objective.epochs == [0, 1] and objective.total == 10
    first_epoch = np.concatenate([step.sample.positions for step in objective.steps[:5]])
    np.testing.assert_array_equal(np.sort(first_epoch), np.arange(100))
    for step in objective.steps:
        assert step.labeled is not None
        assert set(step.labeled.positions) == set(pool.labels.labeled)
        np.testing.assert_array_equal(
            step.labels.numpy(), pool.labels.matrix[step.labeled.positions]
        )
        unlabeled = step.sample.positions[step.unlabeled.numpy()]
        assert set(unlabeled) == set(step.sample.positions) - set(pool.labels.labeled)
    assert [step.progress for step in objective.steps] == pytest.approx(np.arange(10) / 10)
    assert [progress.step for progress in seen] == list(range(1, 11))
    assert model.training is False


def test_outputs_are_those_of_their_pairs() -> None:
    pool = make_pool(30, 3, labeled=10)
    objective = Watching()
    train(own_model(pool), hidden_truth(pool), objective, Schedule(max_steps=1), 0)
    model = own_model(pool)
    step = objective.steps[0]
    assert step.labeled is not None
    for outputs in (step.labeled, step.sample):
        fresh = model(pool.batch(outputs.positions))
        for side in range(2):
            assert torch.allclose(outputs.features[side], fresh.features[side], atol=1e-6)


def test_the_network_is_left_in_evaluation_mode_after_an_error() -> None:
    class Failing(Watching):
        def loss(self, step: Step) -> Tensor:
            raise RuntimeError("no")

    model = own_model(make_pool())
    with pytest.raises(RuntimeError, match="no"):
        train(model, make_pool(), Failing(), Schedule(max_steps=1), 0)
    assert model.training is False


def test_streamed_and_cached_batches_agree() -> None:
    pool = lacking(make_pool(50, 3, labeled=10))
    cached = TrainingData(pool, torch.device("cpu"))
    streamed = TrainingData(pool, torch.device("cpu"), cache_bytes=10)
    positions = np.array([4, 1, 30])
    first, second = cached.batch(positions), streamed.batch(positions)
    assert isinstance(first.a, Tensor) and isinstance(second.a, np.ndarray)
    np.testing.assert_array_equal(first.a.numpy(), second.a)
    np.testing.assert_array_equal(first.b.numpy(), second.b)
    assert first.present_a is not None and second.present_a is not None
    np.testing.assert_array_equal(first.present_a, second.present_a)


def test_steps_are_bounded() -> None:
    schedule = Schedule(epochs=10, min_steps=20, max_steps=50, batch_size=10)
    assert [schedule.steps(n) for n in (1, 30, 10_000)] == [20, 30, 50]
    assert Schedule(min_steps=300, max_steps=5).steps(10_000) == 5
    rates = [schedule.rate(step, 40) for step in range(40)]
    assert rates[0] < rates[2] and rates[3:] == sorted(rates[3:], reverse=True) and rates[-1] > 0


def test_batches_are_permutations() -> None:
    batches = shuffled_batches(np.arange(10, 17), 3, torch.Generator().manual_seed(0))
    epochs = [next(batches) for _ in range(6)]
    assert [epoch for epoch, _ in epochs] == [0, 0, 1, 1, 2, 2]
    for first, second in zip(epochs[::2], epochs[1::2], strict=True):
        assert len(set(first[1]) | set(second[1])) == 6
    small = shuffled_batches(np.arange(2), 3, torch.Generator().manual_seed(0))
    assert sorted(next(small)[1]) == [0, 1]
