"""Campaigns as they lie on a disk, for a door to change: each is made once, and copied."""

from __future__ import annotations

import functools
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sheet_campaigns import made, root

from acqkit import Campaign
from acqkit.campaign import SKIP
from acqkit.errors import AcqkitWarning
from acqkit.pool.open import open_pool

SCHEMA_1 = Path(__file__).parents[1] / "store" / "schema-1"


@dataclass(frozen=True)
class Kept:
    """A campaign's folder, and what its pool has: ids, and which pairs are train pairs."""

    folder: Path
    ids: list[Any]
    train: list[bool]


@functools.cache
def kept(name: str) -> Kept:
    """The campaign of that name."""
    with warnings.catch_warnings():
        # That the model trains by its own fit.
        warnings.simplefilter("ignore", AcqkitWarning)
        return CAMPAIGNS[name]()


def _plain() -> Kept:
    """Random picks only, with an open batch and one that was withdrawn."""
    campaign = made("plain")
    return Kept(campaign.folder, campaign.ids, [number < 11 for number in range(12)])


def _pool(home: Path, ids: list[Any], **columns: Any) -> str:
    n, rng = len(ids), np.random.default_rng(len(ids))
    columns["split"] = np.where(np.arange(n) % 6 == 5, "test", "train")
    for name, width in (("modality_a", 2), ("modality_b", 3)):
        columns[name] = rng.normal(size=(n, width)).astype(np.float32)
    path = home / f"pool-{n}.npz"
    np.savez(path, ids=np.array(ids), **columns)
    return str(path)


def _grown() -> Kept:
    """Several labels a pair, new pairs, classes that came, were renamed and merged, two people."""
    home = root() / "grown"
    home.mkdir()
    about = {"class_names": np.array(["cat", "dog", "emu"]), "multilabel": np.array(True)}
    first = _pool(home, [f"p{n}" for n in range(12)], **about)
    more = _pool(home, [f"q{n}" for n in range(7)], **about)
    parts: dict[str, Any] = {"strategy": "random", "model": "sklearn", "pool_reference": first}
    with Campaign.create(home / "campaign", open_pool(Path(first)), **parts) as campaign:
        campaign.add_labels({"p0": ["cat"], "p1": ["dog", "emu"], "p2": []}, annotator="ann")
        batch = campaign.ask(4)
        one, two, three, _ = batch.ids
        campaign.tell(batch.batch_id, {one: ["cat", "emu"], two: [], three: SKIP}, annotator="ann")
        campaign.tell(batch.batch_id, {one: ["cat", "emu"]}, annotator="bob")
        campaign.tell(batch.batch_id, {two: ["dog"]}, annotator="bob", replace=True)
        campaign.add_class("fox")
        campaign.rename_class("cat", "lynx")
        again = campaign.ask_again("fox", 2)
        campaign.tell(again.batch_id, {again.ids[0]: ["fox"]}, annotator="ann")
        campaign.add_pairs(open_pool(Path(more)), pool_reference=more)
        campaign.merge_classes(["dog", "emu"], "bird")
        campaign.withdraw(campaign.ask(2).batch_id)
        later = campaign.ask(3)
        campaign.tell(later.batch_id, {later.ids[0]: ["bird", "lynx"]}, annotator="cyd")
        campaign.add_record(0, {"map": 0.5})
        ids = [*campaign.pool.ids.tolist()]
    return Kept(home / "campaign", ids, [n % 6 != 5 for n in [*range(12), *range(7)]])


def _trained() -> Kept:
    """With embeddings and a model, left by a process that was killed: answers are in the log."""
    home = root() / "trained"
    home.mkdir()
    names = np.array(["cat", "dog"])
    labels = {"labels": np.arange(14) % 2, "labeled_round": np.arange(14) % 3 - 1}
    labels["labeled_round"][labels["labeled_round"] > 0] = 0
    path = _pool(home, [*range(14)], class_names=names, **labels)
    parts: dict[str, Any] = {"strategy": "coreset", "model": "sklearn", "pool_reference": path}
    with Campaign.create(home / "made", open_pool(Path(path)), **parts) as campaign:
        batch = campaign.ask(2)
        campaign.tell(batch.batch_id, dict.fromkeys(batch.ids, "dog"), annotator="ann")
        campaign.ask(1, strategy="random")
        # Not closed: what came last is in the write-ahead log.
        shutil.copytree(home / "made", home / "campaign")
    return Kept(home / "campaign", [*range(14)], [n % 6 != 5 for n in range(14)])


def _schema_1() -> Kept:
    """As an earlier acqkit made it."""
    pool = open_pool(SCHEMA_1 / "pool.npz")
    assert pool.test is not None
    return Kept(SCHEMA_1 / "campaign", pool.ids.tolist(), (~pool.test).tolist())


CAMPAIGNS: dict[str, Callable[[], Kept]] = {
    "plain": _plain,
    "grown": _grown,
    "trained": _trained,
    "schema 1": _schema_1,
}
