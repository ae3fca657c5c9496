from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acqkit import Batch, Campaign, Component, PairPool, RoundContext, Selection
from acqkit.campaign import SKIP, Label
from acqkit.embeddings import IntArray, PairEmbeddings
from acqkit.errors import (
    AcqkitError,
    BudgetError,
    CampaignError,
    ContradictionError,
    EmbeddingError,
    SelectionError,
)
from acqkit.interfaces import Model, PairBatch, Pool
from acqkit.labels import LabelState
from acqkit.selection import Composed
from acqkit.testing import make_pool
from acqkit.timing import PhaseClock
from laborers import ById
from light import LightFactory, LightMargin, LightModel, LightTrainer

PARTS: dict[str, Any] = {
    "strategy": LightMargin(),
    "trainer": LightTrainer(),
    "model": LightFactory(),
}


@pytest.fixture
def pool() -> PairPool:
    pool = make_pool(60, 3, test_share=0.25)
    ids = np.array([f"p{i}" for i in range(60)])
    return replace(pool, explicit_ids=ids)


@pytest.fixture
def campaign(tmp_path: Path, pool: PairPool) -> Iterator[Campaign]:
    with Campaign.create(tmp_path / "campaign", pool, **PARTS) as made:
        yield made


@pytest.fixture
def batch(campaign: Campaign) -> Batch:
    return campaign.ask(5, strategy=ById())


class Watching:
    """Picks the first candidates and keeps what it was shown."""

    needs_embeddings = True

    def __init__(self) -> None:
        self.seen: list[RoundContext] = []

    def select(self, context: RoundContext, n: int) -> IntArray:
        self.seen.append(context)
        return context.candidates[:n]


def test_strategies_see_the_train_part_without_truth(campaign: Campaign, pool: PairPool) -> None:
    campaign.add_labels({"p3": "class1"} if not _is_test(pool, 3) else {"p4": "class1"})
    watching = Watching()
    batch = campaign.ask(4, strategy=watching)
    context = watching.seen[0]
    assert isinstance(context.pool, PairPool) and context.pool.truth is None
    assert context.pool.ids.tolist() == pool.ids[pool.train_positions].tolist()
    assert context.round == batch.round == 1
    assert len(context.candidates) == len(pool.train_positions) - 1
    picked = context.pool.ids[context.candidates[:4]].tolist()
    assert list(batch.ids) == picked == pool.ids[batch.positions].tolist()
    assert not np.isin(batch.positions, pool.test_positions).any()


def _is_test(pool: PairPool, position: int) -> bool:
    return position in pool.test_positions


def test_what_a_batch_carries_is_kept(tmp_path: Path, pool: PairPool) -> None:
    class Wordy(Component):
        def select(self, context: RoundContext, n: int) -> Selection:
            scores = np.arange(n, dtype=np.float32) / np.float32(3)
            terms = {"inter": scores / np.float32(7), "intra": np.float32(1) - scores}
            return Selection(context.candidates[:n][::-1], scores, terms, {"bound": [0.5, None]})

    with Campaign.create(tmp_path / "c", pool, **PARTS) as campaign:
        asked = campaign.ask(4, strategy=Wordy())
    with Campaign.open(tmp_path / "c", pool, **PARTS) as campaign:
        found = campaign.batches()[0]
    for batch in (asked, found):
        assert batch.ids == asked.ids and len(batch) == 4
        assert batch.scores is not None and batch.scores.dtype == np.float32
        np.testing.assert_array_equal(batch.scores, np.arange(4, dtype=np.float32) / 3)
        np.testing.assert_array_equal(batch.terms["inter"], batch.scores / np.float32(7))
        assert set(batch.terms) == {"inter", "intra"}
        assert batch.record == {"bound": [0.5, None]}
        assert batch.strategy.endswith("Wordy") and not batch.given
    with sqlite3.connect(tmp_path / "c" / "campaign.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM items").fetchone() == (4,)
    connection.close()


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
        context = campaign.refresh()
        assert campaign.model is context.model is campaign.refresh().model
        second = campaign.ask(2)
        campaign.ask(2)
        assert [labels for _, labels in trainer.calls] == [6]
        campaign.tell(second.batch_id, {second.ids[0]: "class1"})
        campaign.tell(second.batch_id, {second.ids[0]: "class1"}, annotator="bob")
        assert campaign.refresh().round == 3
        assert [labels for _, labels in trainer.calls] == [6, 7]
    again = CountingTrainer()
    with Campaign.open(tmp_path / "c", pool, **(parts | {"trainer": again})) as campaign:
        campaign.refresh()
    assert again.calls == trainer.calls[-1:]
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
        stored, seen = campaign.embeddings, campaign.refresh().embeddings
        assert stored is not None
        np.testing.assert_array_equal(stored.positions, pool.train_positions)
        np.testing.assert_array_equal(stored.a.mean, seen.a.mean)
        np.testing.assert_array_equal(stored.unified_probabilities(), seen.unified_probabilities())
        assert [path.name for path in folder.glob("embeddings*")] == ["embeddings-002"]


def test_labels_that_nobody_asked_for(campaign: Campaign, batch: Batch, pool: PairPool) -> None:
    train = [str(pool.ids[p]) for p in pool.train_positions if pool.ids[p] not in batch.ids]
    brought: dict[str, Label] = {train[0]: "class0", train[1]: SKIP, batch.ids[0]: "class1"}
    campaign.add_labels(brought, annotator="team")
    campaign.add_labels(brought, annotator="team")
    given = campaign.batches()[1]
    assert given.given and given.round == 1 and set(given.ids) == set(train[:2])
    assert given.strategy == "" and given.scores is None and not given.pending
    assert batch.ids[0] not in campaign.open_batches()[0].pending
    assert campaign.status().answers_by_annotator == {"team": 3}
    assert not set(campaign.ask(30, strategy=ById()).ids) & {*train[:2], *batch.ids}
    with pytest.raises(ContradictionError, match=r"use tell\(batch_id, \.\.\., replace=True\)"):
        campaign.add_labels({train[0]: "class1", train[5]: "class1"})
    assert len(campaign.labels.labeled) == 2
    test_id = str(pool.ids[pool.test_positions[0]])
    with pytest.raises(CampaignError, match=f"pair '{test_id}' is kept for evaluation"):
        campaign.add_labels({test_id: "class0"})


def test_labels_that_the_pool_brings_are_round_zero(tmp_path: Path) -> None:
    pool = make_pool(40, 3, labeled=10, test_share=0.25, multilabel=True)
    assert pool.known is not None
    with Campaign.create(tmp_path / "c", pool, **PARTS) as campaign:
        state = pool.known.take(pool.train_positions)
        found = campaign.labels.take(pool.train_positions)
        np.testing.assert_array_equal(found.round, state.round)
        np.testing.assert_array_equal(found.matrix, state.matrix)
        assert campaign.ask(3).round == 1
        campaign.add_labels({})
        assert len(campaign.batches()) == 2
    with Campaign.open(tmp_path / "c", pool.with_labels(LabelState.empty(40, 3)), **PARTS) as c:
        assert len(c.labels.labeled) == len(state.labeled) > 0


def test_contradictions_name_everything_and_change_nothing(
    campaign: Campaign, batch: Batch
) -> None:
    one, two, three = batch.ids[:3]
    campaign.tell(batch.batch_id, {one: "class0", two: SKIP}, annotator="ann")
    with pytest.raises(ContradictionError) as caught:
        campaign.tell(batch.batch_id, {three: "class0", one: "class1"}, annotator="bob")
    for word in (f"'{one}'", "'class0'", "'ann'", "'class1'", "'bob'", "replace=True"):
        assert word in str(caught.value)
    with pytest.raises(ContradictionError, match=r"\"can't tell\" by 'ann'.* unnamed.*1 more"):
        campaign.tell(batch.batch_id, {two: "class2", one: None})
    assert three in campaign.open_batches()[0].pending
    assert campaign.status().answers_by_annotator == {"ann": 2}

    campaign.tell(batch.batch_id, {two: "class2"}, annotator="bob", replace=True)
    log = [(a.annotator, a.classes, a.revision) for a in campaign._store.answers_log()]
    assert log == [("ann", (0,), 0), ("ann", None, 0), ("bob", (2,), 1)]
    with pytest.raises(ContradictionError, match=r"'class2' by 'bob'"):
        campaign.tell(batch.batch_id, {two: SKIP}, annotator="ann")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"nobody": "class0"}, "pool 'synthetic' has no pair with id 'nobody'"),
        ({"PAIR": "clas0"}, "pair 'PAIR': the pool has no class 'clas0'; did you mean 'class0'?"),
        ({"PAIR": "zebra"}, "the pool has no class 'zebra'; known: class0, class1, class2"),
        ({"PAIR": ["class0", "class1"]}, "got 2 classes (['class0', 'class1']), but a pair"),
        ({"PAIR": []}, "got no class ([])"),
        ({"PAIR": 3}, "no class number 3; its 3 classes are 0 to 2"),
        ({"PAIR": -1}, "no class number -1"),
        ({"PAIR": True}, "True is no class; give a class name or its index"),
        ({"PAIR": 0.5}, "0.5 is no label; give a class name, or SKIP"),
        ({"PAIR": {"class0": 1}}, "is no label"),
        ({"OTHER": "class0"}, "pair 'OTHER' is not in batch 'batch-000': nobody asked for it"),
        ([("PAIR", "class0")], "labels are given as a list; give a mapping from id to label"),
    ],
)
def test_bad_answers_are_one_sentence_and_change_nothing(
    campaign: Campaign, batch: Batch, pool: PairPool, labels: Any, message: str
) -> None:
    taken = set(batch.ids)
    other = next(str(pool.ids[p]) for p in pool.train_positions if pool.ids[p] not in taken)
    names = {"PAIR": batch.ids[0], "OTHER": other}
    good = {batch.ids[1]: "class0"}
    if isinstance(labels, dict):
        labels = good | {names.get(key, key): value for key, value in labels.items()}
    for key, value in names.items():
        message = message.replace(key, value)
    with pytest.raises(CampaignError, match=re.escape(message)) as caught:
        campaign.tell(batch.batch_id, labels)
    assert "\n" not in str(caught.value)
    assert campaign.open_batches()[0].pending == batch.ids


def test_bad_steps_are_one_sentence(campaign: Campaign, batch: Batch) -> None:
    second = campaign.ask(2, strategy=ById())
    with pytest.raises(CampaignError, match=r"no batch 'batch-0'; did you mean 'batch-00\d'\?"):
        campaign.tell("batch-0", {})
    with pytest.raises(CampaignError, match="no batch 7; there are 2 batches"):
        campaign.tell(7, {})  # type: ignore[arg-type]
    with pytest.raises(CampaignError, match=r"not in batch 'batch-000': it is in 'batch-001'"):
        campaign.tell(batch.batch_id, {second.ids[0]: "class0"})
    with pytest.raises(CampaignError, match="the annotator is 3; give a name"):
        campaign.tell(batch.batch_id, {}, annotator=3)  # type: ignore[arg-type]
    with pytest.raises(CampaignError, match="asked for '5' pairs"):
        campaign.ask("5")  # type: ignore[arg-type]
    for n, message in ((0, "at least 1"), (60, "only 38 are unlabeled and free")):
        with pytest.raises(BudgetError, match=message):
            campaign.ask(n)
    with pytest.raises(CampaignError, match="round 3 is no plain JSON data"):
        campaign.add_record(3, {"map": np.float32(0.5)})
    with pytest.raises(CampaignError, match="no plain JSON data"):
        campaign.add_record(3, {"map": float("nan")})
    campaign.close()
    with pytest.raises(CampaignError, match="is closed"):
        campaign.ask(1)


def test_strategies_that_break_their_contract_leave_no_batch(campaign: Campaign) -> None:
    class Twice(Component):
        needs_embeddings = False

        def select(self, context: RoundContext, n: int) -> IntArray:
            return np.repeat(context.candidates[:1], n)

    class Unwritable(Component):
        needs_embeddings = False

        def select(self, context: RoundContext, n: int) -> Selection:
            return Selection(context.candidates[:n], record={"shares": np.ones(3)})

    with pytest.raises(SelectionError, match="more than once"):
        campaign.ask(2, strategy=Twice())
    with pytest.raises(CampaignError, match="the strategy's record is no plain JSON data"):
        campaign.ask(2, strategy=Unwritable())
    assert campaign.batches() == []


def test_models_that_embed_badly_are_refused(tmp_path: Path, pool: PairPool) -> None:
    class NotFinite(LightModel):
        def embed(self, batch: PairBatch) -> PairEmbeddings:
            embeddings = super().embed(batch)
            embeddings.a.mean[7] = np.nan
            return embeddings

    class Factory(Component):
        def build(self, pool: Pool, device: str) -> Model:
            return NotFinite((8, 6), 3, False)

    with (
        Campaign.create(tmp_path / "c", pool, **(PARTS | {"model": Factory()})) as campaign,
        pytest.raises(EmbeddingError, match="first at position 7"),
    ):
        campaign.refresh()


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
        assert campaign.training == {"labels": 0}
        batch = campaign.ask(5, strategy=ById())
        campaign.tell(batch.batch_id, dict.fromkeys(batch.ids, "class0"))
        assert campaign.training == {"labels": 5}
    with Campaign.open(tmp_path / "c", pool, **(PARTS | {"trainer": Telling()})) as campaign:
        assert campaign.training == {"labels": 5}


def test_a_trainer_may_record_nothing_and_only_json(tmp_path: Path, pool: PairPool) -> None:
    with Campaign.create(tmp_path / "a", pool, **PARTS) as campaign:
        assert campaign.training == {}
    trainer = Telling(unit="sets")
    with (
        Campaign.create(tmp_path / "b", pool, **(PARTS | {"trainer": trainer})) as campaign,
        pytest.raises(CampaignError, match="the trainer's record is no plain JSON data"),
    ):
        _ = campaign.training


def test_seconds_are_counted_on_the_clock_of_the_moment(campaign: Campaign, batch: Batch) -> None:
    campaign.tell(batch.batch_id, dict.fromkeys(batch.ids, "class0"))
    campaign.clock = PhaseClock()
    campaign.ask(2)
    assert {"train", "embed", "allocate"} <= set(campaign.seconds)
    campaign.clock = PhaseClock()
    campaign.refresh()
    assert campaign.seconds == {}


def test_status_counts(campaign: Campaign, batch: Batch) -> None:
    one, two, three = batch.ids[:3]
    labels: dict[str, Label] = {one: "class1", two: "class1", three: SKIP}
    campaign.tell(batch.batch_id, labels, annotator="ann")
    status = campaign.status()
    assert (status.pairs, status.labeled, status.skipped, status.pending, status.free) == (
        45, 2, 1, 2, 40,
    )  # fmt: skip
    assert status.labels_per_class == {"class0": 0, "class1": 2, "class2": 0}
    assert status.open_batches == ("batch-000",) and status.rounds == 1
    assert (status.strategy, status.trainer) == ("light:LightMargin", "light:LightTrainer")
    json.dumps([status.labels_per_class, status.answers_by_annotator])


def test_a_pool_without_train_pairs_makes_no_campaign(tmp_path: Path) -> None:
    pool = replace(make_pool(10), test=np.ones(10, dtype=bool))
    with pytest.raises(AcqkitError, match="no train pairs"):
        Campaign.create(tmp_path / "c", pool, **PARTS)
    assert list(tmp_path.iterdir()) == []
