"""A campaign that grew is exported as what it is now: its pairs, its classes, by their names."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from exported import answered, labels_of, shown_pool

import acqkit
from acqkit import Campaign, PairPool
from acqkit.errors import AcqkitWarning
from acqkit.export import About, Search, export_campaign
from acqkit.models import LogisticPair, TwoTower

NOW = ("feline", "bird", "beast")
MEANT = {"cat": "feline", "dog | cow": "beast", "=1+1": "beast"}


def grown(folder: Path, whole: PairPool, **parts: Any) -> Campaign:
    """24 answers for 80 pairs; then 40 pairs more, a new class, a new name, and a merge."""
    campaign = answered(folder, whole.take(np.arange(80)), **parts)
    campaign.add_pairs(whole.take(np.arange(70, 120)))
    campaign.add_class("bird")
    campaign.rename_class("cat", "feline")
    batch = campaign.ask(6, strategy="random")
    campaign.tell(batch.batch_id, dict.fromkeys(batch.ids, "bird"), annotator="cyd")
    campaign.merge_classes(["dog | cow", "=1+1"], "beast")
    return campaign


def meant(campaign: Campaign, whole: PairPool) -> dict[Any, list[str]]:
    """What the labels of `grown` say, in the names of now."""
    first, last = campaign.batches()
    found = {i: [MEANT[n] for n in names] for i, names in labels_of(whole, first.positions).items()}
    del found[first.ids[-1]]  # skipped
    return found | {i: ["bird"] for i in last.ids}


@pytest.mark.parametrize("model", [TwoTower(hidden=8, dim=4), LogisticPair()])
def test_it_has_the_pairs_and_the_classes_of_now(tmp_path: Path, model: Any) -> None:
    whole = shown_pool(120)
    with grown(tmp_path / "c", whole, model=model) as campaign:
        about: About = export_campaign(campaign, tmp_path / "out")
        told = meant(campaign, whole)
        inside = campaign.trained().model.embed(campaign.pool.batch(np.arange(120)))
    assert (about.pool.class_names, about.pool.pairs) == (NOW, 120)
    counts = {name: sum(names == [name] for names in told.values()) for name in NOW}
    assert about.labels.per_class == counts and about.labels.labeled == len(told) == 29
    rows = pq.read_table(tmp_path / "out" / "labels.parquet").to_pylist()
    assert {row["id"]: row["labels"] for row in rows if row["labels"] is not None} == told
    text = (tmp_path / "out" / "labels.csv").read_text("utf-8")
    cells = {row["id"]: row["label"] for row in csv.DictReader(io.StringIO(text))}
    assert {i: [cell] for i, cell in cells.items() if i in told} == told
    pseudo = pq.read_table(tmp_path / "out" / "pseudo_labels.parquet")
    assert json.loads(pseudo.schema.metadata[b"acqkit"])["class_names"] == list(NOW)
    predicted = {row["id"]: row for row in pseudo.to_pylist()}
    train = set(whole.ids[whole.train_positions].tolist())
    assert predicted.keys() == train - told.keys()
    loaded = acqkit.load_model(tmp_path / "out")
    assert loaded.class_names == NOW
    batch = whole.batch(np.arange(120))
    again = loaded.embed(batch.a, "image")
    np.testing.assert_allclose(again.mean, inside.a.mean, atol=1e-6)
    assert again.probabilities is not None and again.probabilities.shape == (120, 3)
    for name in ("p003", "p100"):  # from before, and added
        found = Search(tmp_path / "out").of_pair(name, 120)
        assert sum(match.own for match in found.matches) == 1 and len(found.matches) == 120
        assert {m.id: list(m.labels) for m in found.matches if m.labels is not None} == told


def test_pseudo_labels_stay_with_their_pairs_while_others_are_gone(tmp_path: Path) -> None:
    whole = shown_pool(60)
    trainer = {"name": "memory-bank", "min_steps": 8, "max_steps": 8}
    answered(tmp_path / "c", whole, 12, trainer=trainer).close()
    part = whole.take(np.arange(20, 60))
    with (
        pytest.warns(AcqkitWarning, match="20 pairs of the campaign are in none of its pools"),
        Campaign.open(tmp_path / "c", part) as campaign,
    ):
        export_campaign(campaign, tmp_path / "out")
        trained = campaign.trained()
        beliefs = campaign.parts["trainer"].component.pool_beliefs(trained.model, trained.pool)
        wanted = dict(zip(trained.pool.ids.tolist(), beliefs.tolist(), strict=True))
    rows = pq.read_table(tmp_path / "out" / "pseudo_labels.parquet").to_pylist()
    assert rows and all(int(row["id"][1:]) >= 20 for row in rows)
    for row in rows:
        assert row["probabilities"] == pytest.approx(wanted[row["id"]], abs=1e-6)
        assert whole.ids[row["position"]] == row["id"]
