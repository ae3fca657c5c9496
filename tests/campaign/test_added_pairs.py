"""A campaign that more pairs come to: what it was told keeps its place."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from growing_pool import NAMES, A, B, labels, made

from acqkit import Campaign, PairPool
from acqkit.errors import AcqkitWarning, CampaignError
from acqkit.pool.folder import save_pool
from light_components import PARTS


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[Campaign]:
    with Campaign.create(tmp_path / "c", made(), **PARTS) as campaign:
        campaign.add_labels({f"im{n}": NAMES[n % 3] for n in (1, 2, 3, 4)}, annotator="team")
        yield campaign


TOLD = {"im1": ["dog"], "im2": ["owl"], "im3": ["cat"], "im4": ["dog"]}


def test_new_pairs_come_after_all_others(campaign: Campaign, tmp_path: Path) -> None:
    grown = made(np.r_[40:45, 0:30, 30:40][::-1])
    new = campaign.add_pairs(grown)
    assert new == tuple(grown.ids[~np.isin(grown.ids, made().ids)].tolist()) and len(new) == 15
    assert campaign.add_pairs(grown) == ()
    assert campaign.pool.ids.tolist() == [*made().ids, *new]
    assert labels(campaign) == TOLD
    number = np.array([int(each[2:]) for each in campaign.pool.ids])
    np.testing.assert_array_equal(campaign.pool.batch(np.arange(45)).a, A[number])
    np.testing.assert_array_equal(campaign.pool.batch(np.arange(45)[::-1]).b, B[number][::-1])
    np.testing.assert_array_equal(campaign.pool.test_positions, np.flatnonzero(number % 5 == 0))
    assert campaign.status().pairs == 36
    asked = campaign.ask(32)
    assert set(new) & set(asked.ids) and not set(asked.ids) & set(TOLD)
    assert campaign.pool.ids[asked.positions].tolist() == list(asked.ids)
    campaign.tell(asked.batch_id, dict.fromkeys(asked.ids, "cat"))
    for pool in (grown, made(np.r_[0:45])):
        with Campaign.open(tmp_path / "c", pool, **PARTS) as again:
            assert again.pool.ids.tolist() == campaign.pool.ids.tolist()
            np.testing.assert_array_equal(again.pool.batch(np.arange(45)).a, A[number])
            assert labels(again) == labels(campaign)


def test_pairs_of_another_pool_are_found_where_it_is(tmp_path: Path) -> None:
    for name, rows in (("old", np.r_[0:30]), ("new", np.r_[30:45])):
        save_pool(made(rows), tmp_path / "home" / name)
    home, away = tmp_path / "home", tmp_path / "away"
    reference = str(home / "old")
    with Campaign.create(home / "c", made(), **PARTS, pool_reference=reference) as campaign:
        campaign.add_labels({"im1": "cat"})
        campaign.add_pairs(made(np.r_[30:45]), pool_reference=str(home / "new"))
        batch = campaign.ask(30)
        campaign.tell(batch.batch_id, dict.fromkeys(batch.ids, "owl"))
        wanted = labels(campaign)
    home.rename(away)
    with Campaign.open(away / "c", **PARTS) as campaign:
        assert labels(campaign) == wanted and len(campaign.pool) == 45
        np.testing.assert_array_equal(campaign.pool.batch(np.arange(45)).a, A[:45])
    (away / "new").rename(tmp_path / "elsewhere")
    with pytest.raises(CampaignError, match="cannot load its pool"):
        Campaign.open(away / "c", **PARTS)
    with Campaign.open(away / "c", made(np.r_[30:45]), **PARTS) as campaign:
        assert labels(campaign) == wanted


def test_test_pairs_are_chosen_by_their_ids(tmp_path: Path) -> None:
    parts: list[set[str]] = []
    for order in (slice(None), slice(None, None, -1)):
        folder = tmp_path / f"c{len(parts)}"
        with Campaign.create(folder, made(), **PARTS) as campaign:
            campaign.add_pairs(made(np.arange(30, 60)[order], split=None), test_share=0.3)
            ids = campaign.pool.ids
            parts.append(set(ids[campaign.pool.test_positions].tolist()))
            assert campaign.status().pairs == 60 - len(parts[-1])
        whole = made(np.arange(60), split=None)
        with Campaign.open(folder, whole, **PARTS) as campaign:
            assert set(campaign.pool.ids[campaign.pool.test_positions].tolist()) == parts[-1]
    assert parts[0] == parts[1] and 3 <= len(parts[0]) - 6 <= 15


def test_labels_that_new_pairs_come_with_are_taken_by_name(campaign: Campaign) -> None:
    rounds = np.where(np.arange(30, 40) % 2 == 0, 0, -1)
    others: dict[str, Any] = {
        "class_names": ["owl", "cat"],
        "labels": ["owl", "cat"] * 5,
        "labeled_round": rounds,
    }
    campaign.add_pairs(made(np.r_[30:40], **others))
    found = {pair: names for pair, names in labels(campaign).items() if pair not in TOLD}
    assert found == {f"im{n}": ["owl"] for n in (32, 34, 36, 38)}
    assert campaign.batches()[-1].given


def test_pairs_that_cannot_be_added(campaign: Campaign, tmp_path: Path) -> None:
    changed = A[20:40].copy()
    changed[3] += 1
    more = made(np.r_[20:40])
    refusals: list[tuple[PairPool, dict[str, Any], str]] = [
        (PairPool.from_arrays(changed, B[20:40], ids=more.ids, class_names=NAMES), {}, "'im23'"),
        (made(np.r_[30:40], ids=False), {}, "pairs of 'pool' have no ids"),
        (made(np.r_[30:40], class_names=["cat", "emu"]), {}, "class 'emu'.*add-class"),
        (PairPool.from_arrays(A[:1], B[:1], ids=["im1 "], class_names=NAMES), {}, "be added: ids"),
        (made(np.r_[30:40]).swap_modalities(), {}, "has the modalities"),
        (PairPool.from_arrays(A[30:40, :2], B[30:40], ids=made(np.r_[30:40]).ids,
                              class_names=NAMES), {}, "width 2"),
        (made(np.r_[30:40]), {"test_share": 0.5}, "says which pairs are test pairs"),
        (made(np.r_[30:40], split=None), {"test_share": 1.5}, "is 1.5; give one from 0"),
    ]  # fmt: skip
    for pool, options, message in refusals:
        with pytest.raises(CampaignError, match=message):
            campaign.add_pairs(pool, **options)
    assert len(campaign.pool) == 30 and labels(campaign) == TOLD


def test_pairs_without_ids_are_known_by_their_rows(tmp_path: Path) -> None:
    with Campaign.create(tmp_path / "c", made(ids=False), **PARTS) as campaign:
        campaign.add_labels({1: "dog", 22: "owl"})
        for rows in (np.r_[0:5, 6:40], np.r_[0:5, 40, 5:40], np.r_[30:45]):
            with pytest.raises(CampaignError, match="no ids by which to tell"):
                campaign.add_pairs(made(rows, ids=False))
        assert campaign.add_pairs(made(slice(40), ids=False)) == tuple(range(30, 40))
        wanted = labels(campaign)
    with Campaign.open(tmp_path / "c", made(slice(40), ids=False), **PARTS) as campaign:
        assert labels(campaign) == wanted == {"1": ["dog"], "22": ["owl"]}


def test_pairs_that_are_gone_keep_their_labels(campaign: Campaign, tmp_path: Path) -> None:
    batch = campaign.ask(3)
    rows = [r for r in range(30) if r not in (2, 7)]
    with pytest.warns(AcqkitWarning, match=r"2 pairs of the campaign .*'im2', 'im7'"):
        opened = Campaign.open(tmp_path / "c", made(rows), **PARTS)
    with opened:
        assert opened.pool.ids.tolist() == made().ids.tolist()
        assert labels(opened) == TOLD
        assert opened.batches()[1].ids == batch.ids
        assert "im2" not in opened.trained().pool.ids
        asked = opened.ask(opened.status().free - ("im7" not in batch.ids))
        assert "im7" not in asked.ids
    with pytest.warns(AcqkitWarning, match=r"15 pairs of pool 'pool' are not in the campaign"):
        Campaign.open(tmp_path / "c", made(slice(45)), **PARTS).close()


def test_a_campaign_without_a_roster_grows_from_its_own_pool(tmp_path: Path) -> None:
    Campaign.create(tmp_path / "c", made(), **PARTS).close()
    with closing(sqlite3.connect(tmp_path / "c" / "campaign.sqlite")) as connection:
        connection.execute("DROP TRIGGER rosters_no_delete")
        connection.execute("DELETE FROM rosters")
        connection.commit()
    with pytest.raises(CampaignError, match="pairs 45, not 30"):
        Campaign.open(tmp_path / "c", made(slice(45)), **PARTS)
    with Campaign.open(tmp_path / "c", made(), **PARTS) as campaign:
        assert len(campaign.add_pairs(made(slice(45)))) == 15
    with Campaign.open(tmp_path / "c", made(slice(45)), **PARTS) as campaign:
        assert len(campaign.pool) == 45
