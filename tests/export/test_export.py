"""What is written out is all that is needed, and it is what the campaign had."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from exported import answered, labels_of, lacking, shown_pool, with_encoder_of_texts
from numpy.typing import NDArray

from acqkit import Campaign, PairEmbeddings, PairPool
from acqkit.errors import ExportError
from acqkit.export import About, Found, Search, export_campaign, export_labels
from acqkit.metrics import evaluate_retrieval
from acqkit.models import LogisticPair, TwoTower

READER = Path(__file__).with_name("read_export.py")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Campaign, Path, About]]:
    home = tmp_path_factory.mktemp("export")
    with answered(home / "c", shown_pool(), model=TwoTower(hidden=16, dim=8)) as campaign:
        yield campaign, home / "out", export_campaign(campaign, home / "out")


def cosines(queries: NDArray[np.float32], gallery: NDArray[np.float32]) -> NDArray[np.float64]:
    a, b = (x.astype(np.float64) for x in (queries, gallery))
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    return np.asarray(a @ b.T)


def test_nothing_else_is_needed_to_embed_and_to_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("acqkit_encoders", reason="acqkit-encoders is missing")
    pool = with_encoder_of_texts(lacking(shown_pool()), tmp_path)
    monkeypatch.chdir(tmp_path)
    batch = pool.batch(np.arange(len(pool)))
    np.savez(tmp_path / "features.npz", a=batch.a, b=batch.b)
    before: dict[str, PairEmbeddings] = {}
    by_text: dict[str, Found] = {}
    for name, model in {"nn": TwoTower(hidden=16, dim=8), "sk": LogisticPair()}.items():
        with answered(tmp_path / "home" / name, pool, model=model) as campaign:
            export_campaign(campaign, tmp_path / name)
            before[name] = campaign.trained().model.embed(batch)
        by_text[name] = Search(tmp_path / name).of_text("<b>text</b> 17")
    shutil.rmtree(tmp_path / "home")
    done = subprocess.run(
        [sys.executable, READER, tmp_path / "features.npz", *before],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    for name, embedded in before.items():
        after = np.load(tmp_path / f"{name}.npz")
        assert_same(embedded, after)
        ten = [match.position for match in by_text[name].matches]
        assert len(ten) == 10 and after["text.ten"].tolist() == ten


def assert_same(before: PairEmbeddings, after: Mapping[str, NDArray[Any]]) -> None:
    """Equal embeddings, and the ten best of every query as brute force finds them."""
    for name, side, other in zip("ab", before.sides, before.sides[::-1], strict=True):
        assert side.present is not None and other.present is not None
        assert side.probabilities is not None
        there = side.present
        np.testing.assert_allclose(after[f"{name}.mean"][there], side.mean[there], atol=1e-6)
        np.testing.assert_allclose(after[f"{name}.p"][there], side.probabilities[there], atol=1e-6)
        similar = cosines(side.mean, other.mean)
        similar[:, ~other.present] = -2
        for row in np.flatnonzero(there):
            found = after[f"{name}.ten"][row]
            assert len(set(found.tolist())) == 10 and other.present[found].all()
            best = np.sort(similar[row])[::-1][:10]
            np.testing.assert_allclose(similar[row, found], best, atol=1e-6)


def test_embeddings_are_of_every_pair_and_the_index_ranks_them_as_the_metrics_do(
    made: tuple[Campaign, Path, About],
) -> None:
    campaign, out, about = made
    pool = campaign.pool
    written = PairEmbeddings.load(out / "embeddings").validate()
    direct = campaign.trained().model.embed(pool.batch(np.arange(len(pool))))
    for one, other in zip(written.sides, direct.sides, strict=True):
        np.testing.assert_allclose(one.mean, other.mean, atol=1e-6)
    test = pool.test_positions
    assert pool.truth is not None
    scores = evaluate_retrieval(
        written.a.mean[test], written.b.mean[test], np.asarray(pool.truth[test])
    )
    assert about.figures["map"] == pytest.approx(scores.map, abs=1e-6)
    similar = cosines(written.a.mean, written.b.mean)
    search = Search(out)
    for position in (0, 7, 119):
        found = search.of_pair(pool.ids[position], 10)
        places = [match.position for match in found.matches]
        assert similar[position, places] == pytest.approx(np.sort(similar[position])[:-11:-1])
        assert [match.own for match in found.matches] == [p == position for p in places]
        assert [match.id for match in found.matches] == pool.ids[places].tolist()
        back = search.of_pair(pool.ids[position], 200, "text")
        assert len(back.matches) == len(pool) and back.gallery == "image"


def test_labels_say_who_gave_them_and_when(made: tuple[Campaign, Path, About]) -> None:
    campaign, out, about = made
    pool, labels = campaign.pool, campaign.labels
    rows = pq.read_table(out / "labels.parquet").to_pylist()
    told = labels_of(pool, labels.labeled)
    assert {row["id"]: row["labels"] for row in rows if row["labels"] is not None} == told
    assert [row["labels"] for row in rows].count(None) == about.labels.skipped == 1
    assert about.labels.labeled == len(told) == 23
    by_two = [row for row in rows if row["annotators"] == ["ann", "bob"]]
    assert len(by_two) == 12 and all(row["confidence"] == 1 for row in rows)
    assert all(row["at"].endswith("+00:00") for row in rows)
    text = (out / "labels.csv").read_text("utf-8")
    cells = {row["id"]: row for row in csv.DictReader(io.StringIO(text))}
    assert len(cells) == len(rows)
    wanted = {"cat": "cat", "dog | cow": "dog | cow", "=1+1": '"=1+1"'}
    for pair, names in told.items():
        assert cells[pair]["label"] == wanted[names[0]]
        assert cells[pair]["annotators"] in ("ann", "ann; bob")


def test_confidence_is_the_share_of_annotators_who_say_so_last(tmp_path: Path) -> None:
    with answered(tmp_path / "c", shown_pool(), 2) as campaign:
        (batch,) = campaign.batches()
        pair = batch.ids[0]
        now = next(name for name in campaign.pool.class_names if [name] != labels_of(
            campaign.pool, batch.positions[:1])[pair])  # fmt: skip
        campaign.tell(batch.batch_id, {pair: now}, annotator="cyd", replace=True)
        campaign.tell(batch.batch_id, {pair: now}, annotator="ann", replace=True)
        assert export_labels(campaign, tmp_path / "labels.parquet") == 2
    row = next(r for r in pq.read_table(tmp_path / "labels.parquet").to_pylist() if r["id"] == pair)
    assert row["labels"] == [now] and row["annotators"] == ["ann", "cyd"]
    assert row["confidence"] == pytest.approx(2 / 3)  # bob has not changed his mind


@pytest.mark.parametrize("multilabel", [False, True])
def test_pseudo_labels_are_of_the_train_pairs_without_a_label(
    tmp_path: Path, multilabel: bool
) -> None:
    pool = shown_pool(multilabel=multilabel)
    trainer_ = {"name": "memory-bank", "min_steps": 8, "max_steps": 8}
    with answered(tmp_path / "c", pool, trainer=trainer_) as campaign:
        about = export_campaign(campaign, tmp_path / "out")
        trained, trainer = campaign.trained(), campaign.parts["trainer"].component
        beliefs = trainer.pool_beliefs(trained.model, trained.pool)
        labeled = set(campaign.labels.labeled.tolist())
    assert about.labels.pseudo_from == "trainer"
    table = pq.read_table(tmp_path / "out" / "pseudo_labels.parquet")
    positions = np.array(table["position"])
    train = pool.train_positions
    assert positions.tolist() == sorted(set(train.tolist()) - labeled)
    assert table["id"].to_pylist() == pool.ids[positions].tolist()
    found = np.array(table["probabilities"].to_pylist())
    np.testing.assert_allclose(found, beliefs[np.searchsorted(train, positions)], atol=1e-6)
    best = [pool.class_names[c] for c in found.argmax(axis=1)]
    assert [names[0] for names in table["labels"].to_pylist()] == best
    confidence = [min(p[pool.class_names.index(n)] for n in names)
                  for p, names in zip(found, table["labels"].to_pylist(), strict=True)]  # fmt: skip
    np.testing.assert_allclose(np.array(table["confidence"]), confidence, atol=1e-6)


def test_pairs_show_texts_and_small_pictures(made: tuple[Campaign, Path, About]) -> None:
    _, out, _ = made
    found = Search(out).of_pair("p003", 120)
    looks = {match.id: {s.column: s for s in match.shown} for match in found.matches}
    assert looks["p006"]["text"].text == "<b>text</b> 6"
    picture = looks["p006"]["image"].picture
    assert picture is not None and picture.startswith(b"\x89PNG")
    assert looks["p004"]["image"].picture is None and looks["p005"]["text"].text is None
    assert (out / "README.md").read_text().count("dog \\| cow") == 1


def test_it_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with answered(tmp_path / "c", shown_pool(40), model="sklearn") as campaign:
        (tmp_path / "there").mkdir()
        for name in ("there", "c"):
            with pytest.raises(ExportError, match="exists already and is not written over"):
                export_campaign(campaign, tmp_path / name)
        with monkeypatch.context() as patch:
            patch.setattr("acqkit.export.write.write_pairs", _full_disk)
            with pytest.raises(ExportError, match="cannot be written: No space left"):
                export_campaign(campaign, tmp_path / "out")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "there"]
        with pytest.raises(ExportError, match=r"ends in none of \.csv, \.parquet"):
            export_labels(campaign, tmp_path / "labels.xls")
        export_labels(campaign, tmp_path / "labels.csv")
        with pytest.raises(ExportError, match="exists already"):
            export_labels(campaign, tmp_path / "labels.csv")


def _full_disk(path: Path, pool: PairPool) -> None:
    raise OSError(28, "No space left on device", str(path))


def test_before_the_first_label(tmp_path: Path) -> None:
    pool = shown_pool(40, test_share=0)
    with Campaign.create(tmp_path / "c", pool, strategy="random", model="sklearn") as campaign:
        about = export_campaign(campaign, tmp_path / "out")
    assert about.labels.labeled == about.labels.pseudo == 0 and about.figures == {}
    assert "the pool has no test pairs" in (tmp_path / "out" / "README.md").read_text()
    assert not (tmp_path / "out" / "pseudo_labels.csv").exists()
    assert len(Search(tmp_path / "out").of_pair("p001", 3).matches) == 3


def test_ids_of_any_kind(tmp_path: Path) -> None:
    pool = shown_pool(40)
    mixed = np.empty(40, dtype=object)
    mixed[:] = [i if i % 2 else f"s{i}" for i in range(40)]
    for number, ids in enumerate((mixed, np.arange(40) * 3, None)):
        other = replace(pool, explicit_ids=ids)
        with answered(tmp_path / f"c{number}", other, model="sklearn") as campaign:
            export_campaign(campaign, tmp_path / f"out{number}")
        search = Search(tmp_path / f"out{number}")
        for position in (3, 4):
            found = search.of_pair(other.ids[position], 40)
            own = [match.position for match in found.matches if match.own]
            assert own == [position]
