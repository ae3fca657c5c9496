from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from report_data import ROUNDS, png, wav, write_run

from acqkit.errors import ReportError
from acqkit.pool import PairPool
from acqkit.report import collect, write_report
from acqkit.report.gallery import MOST_CARDS
from acqkit.testing import make_embeddings, make_pool


@pytest.fixture
def pool() -> PairPool:
    pool = make_pool(120, test_share=0.25)
    n = len(pool)
    return replace(
        pool,
        explicit_ids=np.array([f"pair-{i}" for i in range(n)]),
        display={
            "image": [png((10 + i % 7, 10)) for i in range(n)],
            "text": [f"text {i}" for i in range(n)],
            "extra": [wav()] * n,
        },
    )


@pytest.fixture
def folder(tmp_path: Path, pool: PairPool) -> Path:
    embeddings = make_embeddings(pool).take(pool.train_positions)
    record = {
        "allocation": [{"region": 0, "picked": 3}, {"region": 1, "picked": 2}],
        "reasons": [f"Covers {count} pairs." for count in (9, 7, 5, 3, 1)],
        "gains": {"gain": [9.0, 7.0, 5.0, 3.0, 1.0]},
    }
    write_run(tmp_path / "run" / "mine", pool, embeddings, gain=0.1, record=record)
    write_run(tmp_path / "run" / "random", pool, None, "random")
    return tmp_path / "run"


def test_everything_is_read_and_the_best_comes_first(folder: Path, pool: PairPool) -> None:
    data = collect([folder], pool)
    assert data.notes == []
    assert [run.name for run in data.runs] == ["entropy+top", "random"]
    assert data.pool.modalities == ("image", "text")
    run = data.runs[0]
    assert len(run.figures) == 2 * ROUNDS and run.shown_seed == 0
    assert run.full is not None and run.full.map == 0.5
    assert [table.round for table in run.allocations] == [0, 1, 2]
    assert run.allocations[0].rows[1] == {"region": 1, "picked": 2}
    assert run.picks_total == {0: 5, 1: 5, 2: 5}


def test_picks_have_scores_labels_and_both_modalities(folder: Path, pool: PairPool) -> None:
    data = collect([folder], pool)
    results = json.loads((folder / "mine" / "results.json").read_text())
    picks = [pick for pick in data.runs[0].picks if pick.round == 1]
    assert [pick.id for pick in picks] == results["rounds"][1]["picked"]
    assert [pick.rank for pick in picks] == [1, 2, 3, 4, 5]
    assert_allclose([pick.score or 0.0 for pick in picks], np.linspace(2, 1, 5), atol=1e-6)
    assert_allclose([pick.terms["inter"] for pick in picks], np.linspace(1.5, 0.5, 5), atol=1e-6)
    assert [pick.reason for pick in picks] == [f"Covers {n} pairs." for n in (9, 7, 5, 3, 1)]
    assert {pick.reason for pick in data.runs[1].picks} == {""}
    assert [pick.score for pick in data.runs[0].picks if pick.round == 0] == [None] * 5
    assert pool.truth is not None
    for pick in picks:
        position = int(pick.id.removeprefix("pair-"))
        assert pick.labels == [f"class{pool.truth[position].argmax()}"]
        image, text, extra = pick.sides
        assert (image.kind, text.content, extra.kind) == ("image", f"text {position}", "audio")
        assert data.media[image.content].startswith("data:image/png;base64,")
        assert data.media[extra.content].startswith("data:audio/wav;base64,")


def test_coverage_is_the_mean_over_seeds(folder: Path, pool: PairPool) -> None:
    data = collect([folder], pool)
    assert pool.truth is not None and data.classes is not None
    assert data.classes.counts == pool.truth[pool.train_positions].sum(axis=0).tolist()
    records = json.loads((folder / "mine" / "results.json").read_text())["rounds"]
    coverage = data.runs[0].coverage
    assert coverage is not None and coverage.picked == [5, 5, 5]
    for round in range(ROUNDS):
        rows = [
            pool.truth[pool.position_of(record["picked"])].sum(axis=0)
            for record in records
            if record["round"] == round
        ]
        assert_allclose(coverage.counts[round], np.mean(rows, axis=0))


def test_precision_is_read_from_the_last_rounds(tmp_path: Path, pool: PairPool) -> None:
    measured = {"pairs": 75, "coverages": [0.5, 1.0], "pseudo_labels": [0.9, 0.8]}
    write_run(tmp_path / "mine", pool, None, label_precision=measured)
    write_run(tmp_path / "old", pool, None, "random")
    mine, old = sorted(collect([tmp_path], pool).runs, key=lambda run: run.name)
    assert mine.precision is not None and old.precision is None
    assert mine.precision.coverages == [0.5, 1.0]
    assert mine.precision.pseudo_labels == [[0.9, 0.8]] * 2
    assert mine.precision.classifier == []


def test_rows_and_single_rows_of_the_record_become_tables(tmp_path: Path, pool: PairPool) -> None:
    record = {
        "allocation": [{"region": 0, "picked": 5}],
        "constraints": [{"name": "cost", "at_least": None, "at_most": 9.0, "amount": 8.5}],
        "optimality": {"value": 1.0, "bound": 1.0, "gap": 0.0},
        "radius": 0.5,
        "nothing": {},
        "values": [1, 2],
    }
    write_run(tmp_path / "mine", pool, None, record=record, seeds=1)
    tables = [table for table in collect([tmp_path], pool).runs[0].allocations if table.round == 1]
    assert {table.name: table.rows for table in tables} == {
        "allocation": record["allocation"],
        "constraints": record["constraints"],
        "optimality": [record["optimality"]],
    }


def test_the_map_shows_train_pairs_and_where_the_picks_lie(folder: Path, pool: PairPool) -> None:
    data = collect([folder], pool)
    assert data.map is not None
    train = {f"pair-{i}" for i in pool.train_positions}
    assert set(data.map.ids) == train
    assert data.map.captions[0] == data.map.ids[0].replace("pair-", "text ")
    assert "entropy+top, seed 0" in data.map.source
    for picks, run in zip(data.map.picks, data.runs, strict=True):
        wanted = {(pick.id, pick.round) for pick in run.picks}
        points = zip(picks.points, picks.rounds, strict=True)
        assert {(data.map.ids[point], round) for point, round in points} == wanted
    assert collect([folder], pool).map == data.map


def test_without_the_pool_there_are_curves_scores_and_a_map(folder: Path) -> None:
    data = collect([folder])
    assert "nowhere" in data.notes[0] and data.classes is None
    assert data.map is not None and len(data.map.picks[0].points) == 5 * ROUNDS
    assert data.runs[0].picks[-1].score is not None
    assert data.runs[0].picks[-1].sides == []


def test_without_the_campaigns_there_is_a_map_of_the_features(
    folder: Path, pool: PairPool, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "results.json").write_text((folder / "mine" / "results.json").read_text())
    data = collect([bare], pool)
    assert data.map is not None and data.map.source == "input features of both modalities"
    assert data.runs[0].picks[-1].score is None and data.runs[0].picks[-1].sides
    assert collect([bare]).map is None


@pytest.mark.parametrize("statement", ["DROP TABLE answers", "UPDATE batches SET record = '{'"])
def test_a_state_that_cannot_be_read_is_noted(folder: Path, pool: PairPool, statement: str) -> None:
    file = folder / "mine" / "seeds" / "0" / "campaign" / "campaign.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(statement)
    data = collect([folder], pool)
    (note,) = data.notes
    assert note.startswith("The state of entropy+top cannot be read, so there are no scores")
    assert data.runs[0].picks[-1].score is None and data.runs[0].picks[-1].sides
    assert data.map is not None and data.map.source == "input features of both modalities"


def test_another_pool_under_the_same_name_is_noticed(folder: Path, pool: PairPool) -> None:
    other = make_pool(120, test_share=0.25, classes=3)
    assert "3 classes" in collect([folder], other).notes[0]
    renamed = replace(pool, explicit_ids=np.array([f"x{i}" for i in range(120)]))
    assert "no pair with id" in collect([folder], renamed).notes[0]


def test_a_pair_that_lacks_a_modality_says_so(folder: Path, pool: PairPool) -> None:
    absent = replace(pool, present=(np.zeros(len(pool), bool), None))
    sides = collect([folder], absent).runs[0].picks[0].sides
    assert (sides[0].kind, sides[0].content) == ("note", "this pair has no image")


def test_large_sounds_leave_fewer_cards_and_a_small_page(folder: Path, pool: PairPool) -> None:
    rng = np.random.default_rng(0)
    sounds = [wav() + rng.bytes(100_000) for _ in range(len(pool))]
    data = collect([folder], replace(pool, display={"image": sounds}))
    assert sum(map(len, data.media.values())) < 2_300_000
    counts = [len(run.picks) for run in data.runs]
    assert 8 < sum(counts) < MOST_CARDS
    # Every round of every strategy has its first pick.
    for run in data.runs:
        assert {pick.round for pick in run.picks if pick.rank == 1} == {0, 1, 2}


def test_two_runs_of_one_strategy_are_told_apart(tmp_path: Path, pool: PairPool) -> None:
    spec = {"name": "bald", "samples": 5}
    for name, trainer in (("a", "supervised"), ("b", "memory-bank"), ("c", "memory-bank")):
        write_run(tmp_path / name, pool, None, spec, config={"trainer": trainer})
    data = collect([tmp_path / "a", tmp_path / "b", tmp_path / "c", tmp_path / "a"], pool)
    assert sorted(run.name for run in data.runs) == [
        "bald(samples=5) · memory-bank · b",
        "bald(samples=5) · memory-bank · c",
        "bald(samples=5) · supervised",
    ]
    assert data.runs[0].config["strategy"] == "bald(samples=5)"


def test_folders_that_make_no_report(tmp_path: Path, pool: PairPool) -> None:
    with pytest.raises(ReportError, match="no run was given"):
        collect([])
    with pytest.raises(ReportError, match=r"no results.json in .*empty"):
        collect([tmp_path / "empty"])
    one = write_run(tmp_path / "one", pool, None)
    other = write_run(tmp_path / "other", make_pool(100, test_share=0.2), None)
    with pytest.raises(ReportError, match="make one report per pool"):
        collect([one, other])
    (one / "results.json").write_text("{")
    with pytest.raises(ReportError, match=r"results.json"):
        collect([one])


def test_a_run_without_rounds_has_no_report(tmp_path: Path, pool: PairPool) -> None:
    folder = write_run(tmp_path / "one", pool, None)
    results = json.loads((folder / "results.json").read_text())
    (folder / "results.json").write_text(json.dumps(results | {"rounds": []}))
    with pytest.raises(ReportError, match="has no round yet"):
        collect([folder])


def test_the_page_lies_in_the_first_folder_unless_told_otherwise(
    folder: Path, pool: PairPool, tmp_path: Path
) -> None:
    assert write_report([folder], pool=pool) == folder / "report.html"
    other = tmp_path / "elsewhere" / "page.html"
    assert write_report([folder / "mine"], other, pool) == other
    assert other.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_runs_with_different_trainers_say_which(tmp_path: Path, pool: PairPool) -> None:
    trainers = ({"name": "supervised", "max_steps": 5}, "memory-bank")
    for name, trainer in zip("ab", trainers, strict=True):
        write_run(tmp_path / name, pool, None, f"strategy-{name}", config={"trainer": trainer})
    names = {run.name for run in collect([tmp_path], pool).runs}
    assert names == {"strategy-a · supervised", "strategy-b · memory-bank"}


def test_settings_of_a_trainer_tell_runs_apart(tmp_path: Path, pool: PairPool) -> None:
    for number, trainer in enumerate(("supervised", {"name": "supervised", "max_steps": 6})):
        write_run(tmp_path / str(number), pool, None, "bald", config={"trainer": trainer})
    names = {run.name for run in collect([tmp_path], pool).runs}
    assert names == {"bald · defaults", "bald · max_steps=6"}
