"""A campaign that grew equals, pick by pick, one whose logs are replayed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from growing_pool import labels, made

from acqkit import Campaign
from acqkit.campaign import SKIP, Batch
from acqkit.store import Store, StoredAnswer, StoredChange
from light_components import PARTS
from simulated_annotators import ById

SOURCES = {30: made(np.r_[30:45]), 45: made(np.r_[50:60, 0:4], split=None)}
"""Pools with new pairs, by the position from which the campaign has them."""


def grow(campaign: Campaign, multilabel: bool) -> None:
    """Rounds of asking and telling, between which the campaign grows in each way."""

    def label(pair: str, *names: str) -> Any:
        number = int(pair[2:])
        name = names[number % len(names)]
        return SKIP if number % 11 == 3 else [name] if multilabel else name

    def answer(batch: Batch, *names: str, annotator: str = "ann") -> None:
        told = {pair: label(pair, *names) for pair in batch.ids}
        campaign.tell(batch.batch_id, told, annotator=annotator, replace=True)

    answer(campaign.ask(6, strategy=ById()), "cat", "dog", "owl")
    late = campaign.ask(3)
    campaign.add_pairs(SOURCES[30])
    answer(campaign.ask(5), "cat", "dog")
    campaign.add_class("emu")
    answer(late, "emu", "owl")
    first = campaign.batches()[0]
    answer(first, "owl", "cat", annotator="bob")
    again = campaign.ask_again("emu", 4)
    campaign.tell(again.batch_id, {pair: [["emu"], []][i % 2] for i, pair in enumerate(again.ids)})
    campaign.merge_classes(["dog", "emu"], "pet")
    answer(campaign.ask(4), "pet", "cat", "owl")
    campaign.add_pairs(SOURCES[45], test_share=0.25)
    campaign.rename_class("cat", "tomcat")
    answer(campaign.ask(4), "tomcat", "dog")
    campaign.ask(3)


class Replay:
    """Does to a new campaign what the logs of another one say, in the order in which they do."""

    def __init__(self, store: Store, campaign: Campaign) -> None:
        self.campaign = campaign
        self.changes, self.answers = list(store.changes()), list(store.answers_log())
        self.batches = store.batches()
        self.told = self.grown = 0

    def run(self) -> None:
        for batch in self.batches:
            assert batch.answers is not None and batch.changes is not None
            self._up_to(batch.answers, batch.changes)
            self._ask(batch.strategy, len(batch.positions), batch.about)
        self._up_to(len(self.answers), len(self.changes))

    def _ask(self, strategy: str, n: int, about: int | None) -> None:
        if about is not None:
            self.campaign.ask_again(self.campaign.pool.class_names[about], n)
        else:
            self.campaign.ask(n, strategy=ById() if strategy.endswith("ById") else None)

    def _up_to(self, answers: int, changes: int) -> None:
        while self.grown < changes:
            change = self.changes[self.grown]
            self._tell(change.answers)
            self._change(change)
            self.grown += 1
        self._tell(answers)

    def _tell(self, number: int) -> None:
        names = self.campaign.pool.class_names
        for answer in self.answers[self.told : number]:
            said: Any = SKIP if answer.classes is None else [names[c] for c in answer.classes]
            if said is not SKIP and answer.about is None and not self.campaign.pool.multilabel:
                said = said[0]
            pair = self.campaign.pool.ids[answer.position]
            batch = self.batches[answer.round].batch_id
            self.campaign.tell(batch, {pair: said}, annotator=answer.annotator, replace=True)
        self.told = max(self.told, number)

    def _change(self, change: StoredChange) -> None:
        value, names = change.value, self.campaign.pool.class_names
        if change.kind == "pairs":
            share = 0.25 if SOURCES[value["start"]].test is None else 0.0
            self.campaign.add_pairs(SOURCES[value["start"]], test_share=share)
        elif change.kind == "class":
            self.campaign.add_class(value["name"])
        elif change.kind == "rename":
            self.campaign.rename_class(names[value["class"]], value["name"])
        else:
            into = value["name"] or names[value["into"]]
            self.campaign.merge_classes([names[index] for index in value["classes"]], into)


def _plain(log: Sequence[StoredAnswer]) -> Iterator[tuple[Any, ...]]:
    return ((a.position, a.round, a.revision, a.annotator, a.classes, a.about) for a in log)


def _rounds(campaign: Campaign) -> list[tuple[Any, ...]]:
    return [(b.ids, b.positions.tolist(), b.about, b.pending) for b in campaign.batches()]


@pytest.mark.parametrize("multilabel", [False, True])
def test_a_campaign_that_grew_is_the_one_whose_logs_are_replayed(
    tmp_path: Path, multilabel: bool
) -> None:
    pool = made(multilabel=multilabel)
    with (
        Campaign.create(tmp_path / "grew", pool, seed=5, **PARTS) as grew,
        Campaign.create(tmp_path / "replayed", pool, seed=5, **PARTS) as replayed,
    ):
        grow(grew, multilabel)
        replay = Replay(grew._store, replayed)
        replay.run()
        assert _rounds(replayed) == _rounds(grew) and len(_rounds(grew)) == 7
        assert list(_plain(replayed._store.answers_log())) == list(
            _plain(grew._store.answers_log())
        )
        assert [c.value for c in replayed._store.changes()] == [c.value for c in replay.changes]
        assert labels(replayed) == labels(grew) and len(labels(grew)) > 15
        assert replayed.live_classes == ("tomcat", "owl", "pet")
        np.testing.assert_array_equal(replayed.pool.test, grew.pool.test)
        one, other = grew.trained().embeddings, replayed.trained().embeddings
        np.testing.assert_array_equal(one.a.mean, other.a.mean)
        assert one.a.probabilities is not None and one.a.probabilities.shape[1] == 3
