"""Two workers train what one process trains, whatever becomes of them."""

from __future__ import annotations

from pathlib import Path

import acqkit_ray
import numpy as np
import pytest
import ray_trainers
import torch
from acqkit_ray import training
from ray_trainers import Told, raw_model, raw_pool

from acqkit.errors import ConfigError, EngineError, PoolError
from acqkit.models import LogisticPair, OwnFit
from acqkit.testing import make_pool
from ray_cluster import MARKS
from ray_cluster import cluster as cluster

pytestmark = MARKS
ENGINE = acqkit_ray.RayEngine(workers=2, data_parallel=True)
STEPS = {"min_steps": 12, "max_steps": 12, "batch_size": 21, "encoder_rate": 3e-3}


def test_two_workers_learn_what_one_process_does() -> None:
    alone, together = raw_model(), raw_model()
    losses = Told(**STEPS).fit(alone, raw_pool(), 3)["losses"]
    record = ENGINE.train(Told(**STEPS), together, raw_pool(), 3)
    assert record is not None
    assert record["losses"] == pytest.approx(losses, rel=1e-5)
    assert len(losses) == 12 and losses[-1] < losses[0]
    for ours, theirs in zip(together.parameters(), alone.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)
    rows = np.arange(90)
    found, wanted = (m.embed(raw_pool().batch(rows)).a.mean for m in (together, alone))
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_a_training_whose_worker_dies_begins_again(tmp_path: Path) -> None:
    undisturbed, disturbed = raw_model(), raw_model()
    losses = Told(**STEPS).fit(undisturbed, raw_pool(), 4)["losses"]
    record = ENGINE.train(ray_trainers.Dying(**STEPS, marks=tmp_path), disturbed, raw_pool(), 4)
    assert record is not None and len(list(tmp_path.iterdir())) == 1
    assert record["losses"] == pytest.approx(losses, rel=1e-5)


def test_a_worker_that_always_dies_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "MOST_DEATHS", 1)
    trainer = ray_trainers.Dying(**STEPS, marks=tmp_path, always=True)
    with pytest.raises(EngineError, match="in each of 1 trainings a worker died; give workers"):
        ENGINE.train(trainer, raw_model(), raw_pool(), 4)


def test_what_one_worker_raises_is_raised_and_all_go_on() -> None:
    with pytest.raises(PoolError, match=r"^a\.png cannot be read$"):
        ENGINE.train(ray_trainers.Failing(**STEPS), raw_model(), raw_pool(), 4)
    assert list(ENGINE.map(len, ["ab", "c"])) == [2, 1]


def test_a_model_that_is_no_network_is_refused() -> None:
    pool = make_pool(12, labeled=4)
    with pytest.raises(ConfigError, match="SklearnPairModel has a fit of its own"):
        ENGINE.train(OwnFit(), LogisticPair().build(pool, "cpu"), pool, 0)
    unshared = acqkit_ray.RayEngine(workers=2)
    unshared.train(OwnFit(), LogisticPair().build(pool, "cpu"), pool, 0)
