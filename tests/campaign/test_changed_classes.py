"""A campaign whose classes change: what it was told keeps its meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from growing_pool import NAMES, labels, made

from acqkit import Campaign
from acqkit.campaign import SKIP
from acqkit.campaign.classes import ClassTable
from acqkit.errors import AcqkitWarning, BudgetError, CampaignError, ContradictionError
from acqkit.labels import SKIPPED
from acqkit.store import StoredChange
from light_components import PARTS


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[Campaign]:
    with Campaign.create(tmp_path / "c", made(), **PARTS) as campaign:
        campaign.add_labels({f"im{n}": NAMES[n % 3] for n in (1, 2, 3, 4)}, annotator="team")
        yield campaign


TOLD = {"im1": ["dog"], "im2": ["owl"], "im3": ["cat"], "im4": ["dog"]}


def test_a_class_that_came_later_is_asked_about(campaign: Campaign) -> None:
    campaign.add_class("emu")
    assert campaign.pool.class_names == (*NAMES, "emu") and labels(campaign) == TOLD
    late = campaign.ask(2)
    campaign.tell(late.batch_id, {late.ids[0]: "emu", late.ids[1]: "cat"})
    with pytest.raises(BudgetError):
        campaign.ask_again("emu", 5)
    again = campaign.ask_again("emu", 3)
    assert again.about == "emu" and set(again.ids) < set(TOLD)
    with pytest.raises(CampaignError, match="asks about class 'emu' alone"):
        campaign.tell(again.batch_id, {again.ids[0]: "cat"})
    one, two, three = again.ids
    campaign.tell(again.batch_id, {one: "emu", two: (), three: SKIP}, annotator="ann")
    assert labels(campaign) == TOLD | {one: ["emu"], late.ids[0]: ["emu"], late.ids[1]: ["cat"]}
    assert campaign.batches()[-1].pending == ()
    assert len(campaign.ask_again("emu", 1)) == 1
    with pytest.raises(BudgetError):
        campaign.ask_again("emu", 1)
    with pytest.raises(ContradictionError, match="answered 'emu'"):
        campaign.tell(again.batch_id, {one: ()}, annotator="bob")
    campaign.tell(again.batch_id, {one: ()}, annotator="bob", replace=True)
    assert labels(campaign)[one] == TOLD[one]


def test_a_class_is_added_to_those_that_a_pair_has(tmp_path: Path) -> None:
    with Campaign.create(tmp_path / "c", made(multilabel=True), **PARTS) as campaign:
        campaign.add_labels({"im1": ["cat", "dog"], "im2": [], "im3": SKIP})
        campaign.add_class("emu")
        again = campaign.ask_again("emu", 3)
        campaign.tell(again.batch_id, dict.fromkeys(again.ids, "emu"))
        assert labels(campaign) == {"im1": ["cat", "dog", "emu"], "im2": ["emu"], "im3": ["emu"]}
        campaign.add_labels({"im4": ["emu"]})
        # Who answers again for what was asked first says nothing of what was not there then.
        campaign.tell("given-000", {"im1": ["owl"]}, replace=True)
        assert labels(campaign)["im1"] == ["owl", "emu"]
        campaign.tell("given-000", {"im3": SKIP}, annotator="ann")
        assert labels(campaign)["im3"] == ["emu"]
        assert not (campaign.labels.round == SKIPPED).any()


def test_a_renamed_class_is_understood_by_both_names(campaign: Campaign) -> None:
    campaign.rename_class("cat", "tomcat")
    assert labels(campaign)["im3"] == ["tomcat"]
    batch = campaign.ask(2)
    campaign.tell(batch.batch_id, {batch.ids[0]: "cat", batch.ids[1]: "tomcat"})
    assert labels(campaign)[batch.ids[0]] == labels(campaign)[batch.ids[1]] == ["tomcat"]
    assert campaign.former_names == {"cat": "tomcat"}
    for name in ("cat", "dog", "tomcat ", "", 7):
        with pytest.raises(CampaignError, match="give"):
            campaign.add_class(name)  # type: ignore[arg-type]
    campaign.rename_class("tomcat", "cat")
    assert labels(campaign)["im3"] == ["cat"] and campaign.former_names == {"tomcat": "cat"}


def test_both_names_of_a_class_together_are_one_class(tmp_path: Path) -> None:
    with Campaign.create(tmp_path / "c", made(multilabel=True), **PARTS) as campaign:
        campaign.rename_class("cat", "tomcat")
        campaign.add_labels({"im1": ["tomcat", "cat", "dog"]})
        assert labels(campaign) == {"im1": ["tomcat", "dog"]}
        with pytest.raises(CampaignError, match="names a class twice"):
            campaign.add_labels({"im2": ["cat", "cat"]})


def test_merged_classes_are_one(campaign: Campaign) -> None:
    batch = campaign.ask(2)
    campaign.merge_classes(["cat", "dog"], "pet")
    assert campaign.live_classes == ("owl", "pet")
    assert labels(campaign) == {"im1": ["pet"], "im2": ["owl"], "im3": ["pet"], "im4": ["pet"]}
    campaign.tell(batch.batch_id, {batch.ids[0]: "dog"}, annotator="ann")
    campaign.tell(batch.batch_id, {batch.ids[0]: "cat"}, annotator="bob")
    assert labels(campaign)[batch.ids[0]] == ["pet"]
    trained = campaign.trained()
    assert trained.pool.class_names == ("owl", "pet")
    assert trained.pool.labels.matrix.sum(axis=0).tolist() == [1, 4]
    assert campaign.status().labels_per_class == {"owl": 1, "pet": 4}
    with pytest.raises(CampaignError, match="'cat' was merged into 'pet'"):
        campaign.merge_classes(["cat"], "owl")
    with pytest.raises(CampaignError, match="would be the only class left"):
        campaign.merge_classes(["pet"], "owl")
    with pytest.raises(CampaignError, match="has no class 'pett'; did you mean 'pet'"):
        campaign.merge_classes(["pett"], "owl")
    with pytest.raises(CampaignError, match="nothing to merge"):
        campaign.merge_classes(["pet"], "pet")
    # Who answered when there were cats and dogs has said all that a pet is.
    with pytest.raises(BudgetError):
        campaign.ask_again("pet", 1)
    campaign.add_class("fox")
    campaign.merge_classes(["fox"], "pet")
    assert set(campaign.ask_again("pet", 1).ids) == {"im2"}


def test_mergers_of_what_was_merged() -> None:
    values = [
        ("merge", {"classes": [0, 1], "into": 4, "name": "pet"}),
        ("class", {"name": "emu"}),
        ("merge", {"classes": [4, 5], "into": 2, "name": None}),
    ]
    log = [StoredChange(i + 1, kind, value, 0, 0) for i, (kind, value) in enumerate(values)]  # type: ignore[arg-type]
    table = ClassTable.after(["cat", "dog", "owl", "yak"], log)
    assert table.into == dict.fromkeys((0, 1, 4, 5), 2) and table.live == (2, 3)
    assert not table.was_asked(2, 1) and table.was_asked(2, 2) and table.was_asked(3, 0)
    assert table.parts(2) == {0, 1, 2, 5}


def test_others_take_notice_at_once(campaign: Campaign, tmp_path: Path) -> None:
    with Campaign.open(tmp_path / "c", made(), **PARTS) as other:
        campaign.add_class("emu")
        campaign.add_labels({"im6": "emu"})
        assert labels(other)["im6"] == ["emu"]
        assert other.trained().pool.class_names == (*NAMES, "emu")
        before = [batch.round for batch in other.batches()]
        campaign.merge_classes(["emu"], "owl")
        assert other.ask(2).round == before[-1] + 1
        assert labels(other)["im6"] == ["owl"]
    with pytest.warns(AcqkitWarning, match="has no class 'fox'"):
        pool = replace(made(), class_names=(*NAMES, "emu", "fox"))
        Campaign.open(tmp_path / "c", pool, **PARTS).close()
    with pytest.raises(CampaignError, match=r"classes \['dog'"):
        pool = replace(made(), class_names=("dog", "cat", "owl"))
        Campaign.open(tmp_path / "c", pool, **PARTS)
