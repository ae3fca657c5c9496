from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from acqkit import Batch, Campaign, Component, PairPool, RoundContext, Selection
from acqkit.campaign import SKIP, Label
from acqkit.errors import (
    CampaignError,
    ContradictionError,
)
from acqkit.labels import LabelState
from acqkit.testing import make_pool
from light_components import PARTS, Watching
from simulated_annotators import ById


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
    assert (status.strategy, status.trainer) == (
        "light_components:LightMargin",
        "light_components:LightTrainer",
    )
    json.dumps([status.labels_per_class, status.answers_by_annotator])


def test_answers_for_several_batches_are_recorded_all_or_none(
    campaign: Campaign, batch: Batch
) -> None:
    second = campaign.ask(2, strategy=ById())
    campaign.tell(second.batch_id, {second.ids[1]: "class0"}, annotator="ann")
    sheet: dict[str, dict[str, Label]] = {
        batch.batch_id: dict.fromkeys(batch.ids, "class1"),
        second.batch_id: dict.fromkeys(second.ids, "class2"),
    }
    with pytest.raises(ContradictionError, match=rf"'{second.ids[1]}'.*nothing was recorded"):
        campaign.tell_sheet(sheet, annotator="bob")
    good = {batch.batch_id: sheet[batch.batch_id]}
    for name, pair in (("batch-9", second.ids[0]), (second.batch_id, batch.ids[0])):
        with pytest.raises(CampaignError, match=rf"'{name}'"):
            campaign.tell_sheet({**good, name: {pair: "class1"}}, annotator="bob")
    assert campaign.status().answers_by_annotator == {"ann": 1}
    campaign.tell_sheet(sheet, annotator="bob", replace=True)
    assert campaign.status().answers_by_annotator == {"ann": 1, "bob": 7}
    assert campaign.open_batches() == []


def test_what_prepares_a_batch_may_refuse_it(campaign: Campaign) -> None:
    seen: list[Batch] = []

    def refuse(batch: Batch) -> None:
        assert campaign.batches() == []
        seen.append(batch)
        raise OSError("no paper")

    with pytest.raises(OSError, match="no paper"):
        campaign.ask(3, strategy=ById(), prepare=refuse)
    assert campaign.batches() == [] and campaign.status().free == 45
    stored = campaign.ask(3, strategy=ById(), prepare=seen.append)
    for batch in seen:
        assert (batch.batch_id, batch.ids, batch.pending) == (
            stored.batch_id,
            stored.ids,
            stored.ids,
        )


def test_what_prepares_a_batch_sees_the_one_that_is_stored(
    campaign: Campaign, pool: PairPool, tmp_path: Path
) -> None:
    seen: list[Batch] = []
    with Campaign.open(tmp_path / "campaign", pool, **PARTS) as other:

        def be_slow(batch: Batch) -> None:
            seen.append(batch)
            if len(seen) == 1:
                other.ask(3, strategy=ById())

        stored = campaign.ask(3, strategy=ById(), prepare=be_slow)
    assert [batch.round for batch in seen] == [0, 1]
    assert seen[1].ids == stored.ids and not set(stored.ids) & set(campaign.batches()[0].ids)


def test_withdrawn_pairs_are_asked_for_again(campaign: Campaign, batch: Batch) -> None:
    campaign.tell(batch.batch_id, {batch.ids[1]: "class0"}, annotator="ann")
    gone = campaign.withdraw(batch.batch_id)
    assert gone == tuple(pair for pair in batch.ids if pair != batch.ids[1])
    status = campaign.status()
    assert (status.labeled, status.pending, status.free) == (1, 0, 44)
    again = campaign.ask(44, strategy=ById())
    assert set(gone) < set(again.ids) and batch.ids[1] not in again.ids
    # The sheet of the first batch was still on somebody's desk.
    campaign.tell(batch.batch_id, dict.fromkeys(gone, "class2"), annotator="bob")
    assert campaign.status().labeled == 5 and len(campaign.open_batches()[0].pending) == 40
    both = {batch.batch_id: {gone[0]: "class2"}, again.batch_id: {gone[0]: "class1"}}
    with pytest.raises(CampaignError, match=f"'{gone[0]}' is given twice"):
        campaign.tell_sheet(both, replace=True)
    with pytest.raises(CampaignError, match="no batch 'batch-9'"):
        campaign.withdraw("batch-9")


def test_a_backup_goes_on_by_itself(campaign: Campaign, pool: PairPool, tmp_path: Path) -> None:
    batch = campaign.ask(5, strategy=ById())
    campaign.tell(batch.batch_id, dict.fromkeys(batch.ids, "class0"), annotator="ann")
    campaign.trained()
    campaign.backup(tmp_path / "copy")
    later = campaign.ask(5)
    with Campaign.open(tmp_path / "copy", pool, **PARTS) as copy:
        assert [b.batch_id for b in copy.batches()] == [batch.batch_id]
        assert copy.ask(5).ids == later.ids
