from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acqkit import Batch, Campaign, Component, PairPool, RoundContext, Selection
from acqkit.campaign import SKIP
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
from acqkit.testing import make_pool
from light_components import PARTS, LightModel
from simulated_annotators import ById


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
        campaign.trained()


def test_a_pool_without_train_pairs_makes_no_campaign(tmp_path: Path) -> None:
    pool = replace(make_pool(10), test=np.ones(10, dtype=bool))
    with pytest.raises(AcqkitError, match="no train pairs"):
        Campaign.create(tmp_path / "c", pool, **PARTS)
    assert list(tmp_path.iterdir()) == []


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
