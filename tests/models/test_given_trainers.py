"""Trainers that leave learning to the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn
from toy import SMALL, difference, embedded, raw_pool

from acqkit import Campaign, Component, run
from acqkit.components.resolve import spec_of
from acqkit.config import make_config
from acqkit.embeddings import PairEmbeddings
from acqkit.errors import PoolError
from acqkit.interfaces import PairBatch, Pool
from acqkit.models import Frozen, OwnFit, Supervised, TorchPairModel
from acqkit.runner.plan import Plan
from acqkit.testing import conformance_test, make_pool
from light_components import LightModel

test_frozen = conformance_test(Frozen(), model=SMALL)


class Finished(LightModel):
    """A model of somebody else's: it embeds, counts that, and cannot be trained."""

    embedded = 0

    def fit(self, pool: Pool, seed: int) -> None:
        raise NotImplementedError("this model was trained elsewhere")

    def embed(self, batch: PairBatch) -> PairEmbeddings:
        type(self).embedded += len(batch)
        return super().embed(batch)


class FinishedFactory(Component):
    """Makes such models."""

    def build(self, pool: Pool, device: str) -> Any:
        assert pool.dims is not None
        return Finished(pool.dims, len(pool.class_names), pool.multilabel)


PARTS: dict[str, Any] = {"strategy": "coreset", "trainer": "frozen", "model": FinishedFactory()}


def test_embeddings_stay_as_they_are() -> None:
    pool = make_pool(40, 3, labeled=20)
    model = SMALL.build(pool, "cpu")
    before = embedded(model, pool)
    Frozen().fit(model, pool.with_labels(pool.labels), 0)
    assert difference(before, embedded(model, pool)) == 0


def test_a_model_that_cannot_be_trained_takes_part_and_is_embedded_once(tmp_path: Path) -> None:
    pool, Finished.embedded = make_pool(60, 3), 0
    with Campaign.create(tmp_path / "c", pool, **PARTS) as campaign:
        seen = campaign.trained()
        for _ in range(2):
            batch = campaign.ask(4)
            campaign.tell(batch.batch_id, dict.fromkeys(batch.ids, "class1"))
        trained = campaign.trained()
        assert len(trained.pool.labels.labeled) == 8 and not len(seen.pool.labels.labeled)
        np.testing.assert_array_equal(trained.embeddings.a.mean, seen.embeddings.a.mean)
    assert Finished.embedded == 60
    with Campaign.open(tmp_path / "c", pool, **PARTS) as campaign:
        campaign.ask(4)
    assert Finished.embedded == 60  # kept beside the campaign with the state of the model


def test_a_run_of_a_finished_model_has_the_same_map_every_round(tmp_path: Path) -> None:
    pool = make_pool(80, 3, test_share=0.25)
    found = run(pool, **PARTS, initial=4, per_round=4, rounds=2, seeds=1, out=tmp_path / "out")
    assert len({record.map for record in found.rounds}) == 1


def test_a_fresh_model_learns_from_a_frozen_one(tmp_path: Path) -> None:
    pool = make_pool(60, 3)
    trainer = {"name": "frozen+embedding-transfer", "embedding-transfer": {"max_steps": 3}}
    with Campaign.create(tmp_path / "c", pool, trainer=trainer, model=SMALL) as campaign:
        assert len(campaign.trained().embeddings) == 60


@pytest.mark.parametrize(("model", "trainer"), [("sklearn", "own-fit"), (SMALL, "supervised")])
def test_who_asks_for_no_trainer_gets_the_one_that_suits_the_model(
    tmp_path: Path, model: Any, trainer: str
) -> None:
    pool = make_pool(60, 3, test_share=0.25)
    with Campaign.create(tmp_path / "c", pool, model=model) as campaign:
        assert campaign.parts["trainer"].record["name"] == trainer
    assert (
        Plan.make(
            make_config({"pool": "made", "model": spec_of("model", model)}), pool
        ).config.trainer.name
        == trainer
    )


def test_a_network_with_a_fit_of_its_own_may_be_trained_by_it() -> None:
    class Own(TorchPairModel):
        def fit(self, pool: Pool, seed: int) -> None:
            self.knows_classes = True

    pool = make_pool(20, 3)
    model = Own(nn.Linear(8, 4), nn.Linear(6, 4), dim=4, n_classes=3, multilabel=False)
    OwnFit().fit(model, pool, 0)
    assert model.knows_classes
    Supervised(max_steps=1, min_steps=1).check_model(model)


def test_a_model_that_cannot_be_built_is_refused_by_who_needs_it(tmp_path: Path) -> None:
    pool = raw_pool()
    with Campaign.create(tmp_path / "c", pool, strategy="random", trainer="supervised") as campaign:
        assert len(campaign.ask(3)) == 3
        with pytest.raises(PoolError, match="a two-tower MLP needs features"):
            campaign.trained()
