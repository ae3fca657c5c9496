"""A campaign goes on with its own pool alone: answers belong to pairs, not to positions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acqkit import Campaign, PairPool
from acqkit.campaign.fingerprint import check_fingerprint, fingerprint
from acqkit.errors import CampaignError
from acqkit.pool.folder import save_pool
from light_components import PARTS


def made(order: Any = slice(None), **others: Any) -> PairPool:
    """Forty pairs without ids, in some order."""
    rng = np.random.default_rng(0)
    given: dict[str, Any] = {
        "a": rng.normal(size=(40, 8)).astype(np.float32)[order],
        "b": rng.normal(size=(40, 6)).astype(np.float32)[order],
        "class_names": ["cat", "dog", "owl"],
        "modalities": ("image", "text"),
        "name": "pets",
    }
    return PairPool.from_arrays(**given | others)


def changed(values: Any, row: int) -> Any:
    copy = np.array(values)
    copy[row, 0] += np.float32(1e-3)
    return copy


BASE = made()
A, B = (np.asarray(source.rows(np.arange(40))) for source in BASE.features)
IDS = [f"p{i}" for i in range(40)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: made(np.arange(40)[::-1]), "image and text features in another order"),
        (lambda: made(np.roll(np.arange(40), 1)), "image and text features in another order"),
        (lambda: made(a=A[np.r_[1, 0, 2:40]]), "has image features in another order, or others"),
        (lambda: made(a=changed(A, 39)), "has image features in another order, or others"),
        (lambda: made(b=changed(B, 0)), "has text features in another order, or others"),
        (lambda: made(a=np.repeat(A[:1], 40, axis=0)), "image features"),
        (lambda: made(class_names=["cat", "owl", "dog"]), r"classes \['cat', 'owl', 'dog'\]"),
        (lambda: made(np.r_[:7, 8:40]), "image and text features .*first of 7"),
        (lambda: made(np.r_[:7, 7, 7:39]), "image and text features .*first of 8"),
    ],
)
def test_another_pool_without_ids_is_named(
    tmp_path: Path, change: Callable[[], PairPool], message: str
) -> None:
    Campaign.create(tmp_path / "c", made(), **PARTS).close()
    with pytest.raises(CampaignError, match=f"'pets' is not the one .*{message}"):
        Campaign.open(tmp_path / "c", change(), **PARTS)
    Campaign.open(tmp_path / "c", made(), **PARTS).close()


def test_other_features_under_the_same_ids_are_named(tmp_path: Path) -> None:
    Campaign.create(tmp_path / "c", made(ids=IDS), **PARTS).close()
    moved = made(np.arange(40)[::-1], ids=IDS[::-1])
    with Campaign.open(tmp_path / "c", moved, **PARTS) as campaign:
        assert campaign.pool.ids.tolist() == IDS
        np.testing.assert_array_equal(campaign.pool.batch(np.arange(40)).a, A)
    for other, message in (
        (made(ids=IDS, b=changed(B, 7)), "has text features that are others under the same ids"),
        (made(np.arange(40)[::-1], ids=IDS), "image and text features that are others"),
    ):
        with pytest.raises(CampaignError, match=message):
            Campaign.open(tmp_path / "c", other, **PARTS)


def test_the_same_content_is_the_same_pool_however_it_is_stored(tmp_path: Path) -> None:
    wanted = fingerprint(made())
    assert fingerprint(made(a=A.astype(np.float64), b=np.asfortranarray(B))) == wanted
    assert fingerprint(replace(made(), name="other")) == wanted
    save_pool(made(), tmp_path / "pool")
    Campaign.create(tmp_path / "c", made(), **PARTS, pool_reference=str(tmp_path / "pool")).close()
    Campaign.open(tmp_path / "c", **PARTS).close()
    twice = made().take(np.arange(40)[::-1]).take(np.arange(40)[::-1])
    check_fingerprint(replace(twice, explicit_ids=None), wanted)


def test_the_pool_that_moved_along_is_preferred_unless_it_is_another(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    reference = tmp_path / "old" / "pool"
    save_pool(made(), reference)
    Campaign.create(tmp_path / "old" / "c", made(), **PARTS, pool_reference=str(reference)).close()
    (tmp_path / "new").mkdir()
    with Campaign.open(tmp_path / "old" / "c", **PARTS) as campaign:
        campaign.backup(tmp_path / "new" / "c")
    # Nothing lies beside the copy: the pool is where it was.
    Campaign.open(tmp_path / "new" / "c", **PARTS).close()
    # Something else lies there under that name: the pool is still where it was.
    save_pool(made(np.arange(40)[::-1]), tmp_path / "new" / "pool")
    Campaign.open(tmp_path / "new" / "c", **PARTS).close()
    reference.rename(tmp_path / "old" / "gone")
    with pytest.raises(CampaignError, match=r"image and text features .*--pool PATH"):
        Campaign.open(tmp_path / "new" / "c", **PARTS)


def test_a_campaign_from_before_content_was_noted_opens(tmp_path: Path) -> None:
    Campaign.create(tmp_path / "c", made(), **PARTS).close()
    with closing(sqlite3.connect(tmp_path / "c" / "campaign.sqlite")) as connection:
        (text,) = connection.execute(
            "SELECT value FROM settings WHERE key = 'fingerprint'"
        ).fetchone()
        older = json.loads(text)
        del older["content"]
        connection.execute(
            "UPDATE settings SET value = ? WHERE key = 'fingerprint'", [json.dumps(older)]
        )
        connection.execute("DELETE FROM settings WHERE key = 'pool_from_here'")
        connection.execute("DROP TRIGGER rosters_no_delete")
        connection.execute("DELETE FROM rosters")
        connection.commit()
    Campaign.open(tmp_path / "c", made(), **PARTS).close()
    with pytest.raises(CampaignError, match="pairs 39, not 40"):
        Campaign.open(tmp_path / "c", made(slice(39)), **PARTS)


class Texts:
    """A data set of raw pairs; a noisy one reads otherwise every time."""

    def __init__(self, words: list[str], noisy: bool = False) -> None:
        self.words = words
        self.reads = 0
        self.noisy = noisy

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, index: int) -> tuple[str, str]:
        self.reads += 1
        noise = str(self.reads) if self.noisy else ""
        return self.words[index] + noise, self.words[index].upper()


def raw(words: list[str], noisy: bool = False) -> PairPool:
    return PairPool.from_dataset(Texts(words, noisy), class_names=["u", "v"])


def test_raw_items_are_compared_by_a_sample() -> None:
    words = [f"word {i}" for i in range(500)]
    dataset = Texts(words)
    pool = PairPool.from_dataset(dataset, class_names=["u", "v"])
    dataset.reads = 0
    wanted = fingerprint(pool)
    assert dataset.reads <= 4 * 32
    check_fingerprint(raw(words), wanted)
    with pytest.raises(CampaignError, match="features in another order"):
        check_fingerprint(raw(words[::-1]), wanted)
    noisy, steady = fingerprint(raw(words, noisy=True))["content"].values()
    assert noisy is None and steady is not None
    check_fingerprint(raw(words), fingerprint(raw(words, noisy=True)))
