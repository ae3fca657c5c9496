from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acqkit import Batch, Campaign, Component, PairPool, RoundContext
from acqkit.components.compose import Composed
from acqkit.components.resolve import resolve
from acqkit.embeddings import IntArray, PairEmbeddings
from acqkit.errors import AcqkitWarning, CampaignError
from acqkit.interfaces import Model, Pool
from acqkit.testing import make_pool
from acqkit.timing import PhaseClock
from light_components import PARTS, LightTrainer, Watching
from simulated_annotators import ById


def test_a_strategy_without_need_of_embeddings_trains_nothing(
    tmp_path: Path, pool: PairPool
) -> None:
    class NeverTrains(Component):
        def fit(self, model: Model, pool: Pool, seed: int) -> None:
            raise AssertionError("nothing was to be trained")

    class Blind(Watching):
        needs_embeddings = False

    class Flat(Component):
        needs_embeddings = False

        def score(self, block: PairEmbeddings, context: RoundContext) -> Any:
            return np.zeros(len(block), np.float32)

    class First(Component):
        needs_embeddings = False

        def allocate(self, scores: Any, context: RoundContext, n: int) -> IntArray:
            return context.candidates[:n]

    parts = PARTS | {"trainer": NeverTrains()}
    with Campaign.create(tmp_path / "c", pool, **parts) as campaign:
        blind = Blind()
        campaign.ask(3, strategy=blind)
        campaign.ask(3, strategy=Composed(scorer=Flat(), allocator=First()))
        assert blind.seen[0].model is None
        assert blind.seen[0].embeddings.a.mean.shape == (len(pool.train_positions), 0)
        assert campaign.embeddings is None
        assert "train" not in campaign.seconds and "allocate" in campaign.seconds
        with pytest.raises(AssertionError, match="nothing was to be trained"):
            campaign.ask(3, strategy=Watching())
        assert len(campaign.batches()) == 2


class CountingTrainer:
    """Notes the seed and the number of labels of every training."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        self.calls.append((seed, len(pool.labels.labeled)))
        model.fit(pool, seed)


def test_trains_once_per_state_of_the_labels(tmp_path: Path, pool: PairPool) -> None:
    trainer = CountingTrainer()
    parts = PARTS | {"trainer": trainer}
    with Campaign.create(tmp_path / "c", pool, **parts) as campaign:
        first = campaign.ask(6, strategy=ById())
        campaign.tell(first.batch_id, dict.fromkeys(first.ids, "class0"))
        assert campaign.trained() is campaign.trained()
        second = campaign.ask(2)
        campaign.ask(2)
        assert [labels for _, labels in trainer.calls] == [6]
        campaign.tell(second.batch_id, {second.ids[0]: "class1"})
        campaign.tell(second.batch_id, {second.ids[0]: "class1"}, annotator="bob")
        assert len(campaign.trained().pool.labels.labeled) == 7
        assert [labels for _, labels in trainer.calls] == [6, 7]
    again = CountingTrainer()
    with Campaign.open(tmp_path / "c", pool, **(parts | {"trainer": again})) as campaign:
        campaign.trained()
    assert again.calls == []
    assert len({seed for seed, _ in trainer.calls}) == 2


def test_reopening_changes_no_pick(tmp_path: Path, pool: PairPool) -> None:
    def go_on(campaign: Campaign) -> tuple[Any, ...]:
        fresh = not campaign.batches()
        batch = campaign.ask(6, strategy=ById() if fresh else None)
        half = dict.fromkeys(batch.ids[:3], "class1") | dict.fromkeys(batch.ids[3:], "class0")
        campaign.tell(batch.batch_id, half)
        return batch.ids

    with Campaign.create(tmp_path / "a", pool, **PARTS) as campaign:
        uninterrupted = [go_on(campaign) for _ in range(5)]
    Campaign.create(tmp_path / "b", pool, **PARTS).close()
    reopened = []
    for _ in range(5):
        with Campaign.open(tmp_path / "b", pool, **PARTS) as campaign:
            reopened.append(go_on(campaign))
    assert reopened == uninterrupted
    with Campaign.create(tmp_path / "c", pool, seed=1, **PARTS) as campaign:
        assert [go_on(campaign) for _ in range(5)] != uninterrupted


def test_embeddings_of_the_latest_ask_lie_beside_the_file(tmp_path: Path, pool: PairPool) -> None:
    folder = tmp_path / "c"
    with Campaign.create(folder, pool, **PARTS) as campaign:
        first = campaign.ask(6, strategy=ById())
        campaign.tell(first.batch_id, dict.fromkeys(first.ids, "class2"))
        campaign.ask(2)
        campaign.ask(2)
        stored, seen = campaign.embeddings, campaign.trained().embeddings
        assert stored is not None
        np.testing.assert_array_equal(stored.positions, pool.train_positions)
        np.testing.assert_array_equal(stored.a.mean, seen.a.mean)
        np.testing.assert_array_equal(stored.unified_probabilities(), seen.unified_probabilities())
        assert len(list(folder.glob("artifacts/*/a_mean.npy"))) == 1


def test_records_are_kept_by_round(tmp_path: Path, pool: PairPool) -> None:
    with Campaign.create(tmp_path / "c", pool, **PARTS) as campaign:
        campaign.add_record(1, {"round": 1, "map": 0.25})
        campaign.add_record(0, {"round": 0, "map": 0.125})
        for _ in range(2):
            campaign.add_record(1, {"round": 1, "map": 0.5})
    with Campaign.open(tmp_path / "c", pool, **PARTS) as campaign:
        assert campaign.records() == [{"round": 0, "map": 0.125}, {"round": 1, "map": 0.5}]


class Telling(LightTrainer):
    """Counts labels, and says so."""

    unit: str = "labels"

    def fit(self, model: Model, pool: Pool, seed: int) -> dict[str, Any]:  # type: ignore[override]
        super().fit(model, pool, seed)
        count = len(pool.labels.labeled)
        return {self.unit: count if self.unit == "labels" else {count}}


def test_what_the_trainer_records_is_that_of_the_labels_known_so_far(
    tmp_path: Path, pool: PairPool
) -> None:
    with Campaign.create(tmp_path / "c", pool, **(PARTS | {"trainer": Telling()})) as campaign:
        assert campaign.trained().record == {"labels": 0}
        batch = campaign.ask(5, strategy=ById())
        campaign.tell(batch.batch_id, dict.fromkeys(batch.ids, "class0"))
        assert campaign.trained().record == {"labels": 5}
    with Campaign.open(tmp_path / "c", pool, **(PARTS | {"trainer": Telling()})) as campaign:
        assert campaign.trained().record == {"labels": 5}


def test_a_trainer_may_record_nothing_and_only_json(tmp_path: Path, pool: PairPool) -> None:
    with Campaign.create(tmp_path / "a", pool, **PARTS) as campaign:
        assert campaign.trained().record == {}
    trainer = Telling(unit="sets")
    with (
        Campaign.create(tmp_path / "b", pool, **(PARTS | {"trainer": trainer})) as campaign,
        pytest.raises(CampaignError, match="the trainer's record is no plain JSON data"),
    ):
        campaign.trained()


def test_seconds_are_counted_on_the_clock_of_the_moment(campaign: Campaign, batch: Batch) -> None:
    campaign.tell(batch.batch_id, dict.fromkeys(batch.ids, "class0"))
    campaign.clock = PhaseClock()
    campaign.ask(2)
    assert {"train", "embed", "allocate"} <= set(campaign.seconds)
    campaign.clock = PhaseClock()
    campaign.trained()
    assert campaign.seconds == {}


def test_a_campaign_from_before_own_fit_is_trained_by_the_models_own_fit(tmp_path: Path) -> None:
    pool = make_pool(60, 3)
    picked = []
    for name in ("now", "before"):
        folder = tmp_path / name
        with Campaign.create(folder, pool, strategy="kmeans", model="sklearn") as campaign:
            first = campaign.ask(8)
            campaign.tell(first.batch_id, {id: int(id) % 3 for id in first.ids})
        if name == "before":
            record = json.dumps(resolve("trainer", "supervised").record)
            with closing(sqlite3.connect(folder / "campaign.sqlite")) as connection:
                changed = "UPDATE settings SET value = ? WHERE key = 'trainer'"
                connection.execute(changed, (record,))
                connection.commit()
        with Campaign.open(folder, pool) as campaign:
            if name == "before":
                with pytest.warns(AcqkitWarning, match="Supervised, which cannot train Sklearn"):
                    picked.append(campaign.ask(8).positions)
            else:
                picked.append(campaign.ask(8).positions)
    np.testing.assert_array_equal(picked[0], picked[1])
