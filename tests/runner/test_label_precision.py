"""Precision of labels predicted for unlabeled pairs, after the last round of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import acqkit
from acqkit import Component, hookimpl
from acqkit.components.compose import chain
from acqkit.components.registry import registry
from acqkit.embeddings import FloatArray
from acqkit.errors import EmbeddingError
from acqkit.interfaces import Model, Pool
from acqkit.labels import LabelState
from acqkit.metrics import class_prior, decide
from acqkit.pool import PairPool
from acqkit.randomness import derive_seed
from acqkit.runs import Results, RoundRecord
from acqkit.testing import make_pool
from light_components import LightFactory, LightTrainer

TENTHS = [tenths / 10 for tenths in range(1, 11)]


class Believer(LightTrainer):
    """Takes every pair for the first class, whatever the model says."""

    rows: int = 0

    def pool_beliefs(self, model: Model, pool: Pool) -> FloatArray | None:
        assert len(pool) == 150  # the train part
        if not len(pool.labels.labeled):
            return None
        beliefs = np.full((self.rows or len(pool), 4), 0.1, dtype=np.float32)
        beliefs[:, 0] = 0.7
        return beliefs


class Pupil(LightTrainer):
    """Learns as it would without a teacher."""

    def fit_from(self, source: Model, model: Model, pool: Pool, seed: int, beliefs: Any) -> None:
        self.fit(model, pool, seed)


def run(out: Path, pool: PairPool | None = None, **settings: Any) -> list[RoundRecord]:
    """The records of one seed, as `results.json` has them."""
    settings = {
        "strategy": "random",
        "trainer": LightTrainer(),
        "model": LightFactory(),
        "initial": 12,
        "per_round": 8,
        "rounds": 2,
        "seeds": 1,
    } | settings
    acqkit.run(pool or make_pool(test_share=0.25), out=out, **settings)
    return Results.read(out / "results.json").rounds


def unlabeled(pool: PairPool, records: list[RoundRecord]) -> np.ndarray[Any, Any]:
    picked = [pair for record in records for pair in record.picked]
    return np.setdiff1d(pool.train_positions, pool.position_of(picked))


@pytest.mark.parametrize("multilabel", [False, True])
def test_the_last_round_says_how_often_the_classifier_is_right(
    tmp_path: Path, multilabel: bool
) -> None:
    pool = make_pool(test_share=0.25, multilabel=multilabel)
    records = run(tmp_path / "run", pool)
    assert [record.label_precision is None for record in records] == [True, True, False]
    found = records[-1].label_precision
    assert found is not None and found.classifier is not None and pool.truth is not None
    assert found.pseudo_labels is None
    assert found.pairs == 150 - 28 and found.coverages == TENTHS
    rows = unlabeled(pool, records)
    p, labels = last_model_says(pool, records, rows)
    truth = pool.truth[rows]
    if multilabel:
        given = decide(p, class_prior(labels, multilabel=True), multilabel=True)
        assert given.sum() > len(given)
        assert_allclose(found.classifier[-1], (given * truth).sum() / given.sum(), atol=1e-5)
        return
    surest = np.argsort(-p.max(axis=1))
    hits = truth[np.arange(len(p)), p.argmax(axis=1)][surest]
    assert_allclose(found.classifier, [hits[: round(t * 122)].mean() for t in TENTHS], atol=1e-5)


def last_model_says(
    pool: PairPool, records: list[RoundRecord], rows: np.ndarray[Any, Any]
) -> tuple[FloatArray, LabelState]:
    """Class probabilities of the pairs in `rows` by the last model, trained once more."""
    assert pool.truth is not None
    train = pool.take(pool.train_positions)
    labels = LabelState.empty(len(train), len(pool.class_names))
    for record in records:
        picked = train.position_of(record.picked)
        answers = pool.truth[pool.train_positions[picked]]
        labels = labels.with_answers(picked, answers, record.round)
    model = LightFactory().build(train, "cpu")
    model.fit(train.with_labels(labels), derive_seed(0, records[-1].round, "train"))
    return model.embed(pool.batch(rows)).unified_probabilities(), labels


@pytest.mark.parametrize("trainer", [Believer(), chain({"believer": Believer(), "pupil": Pupil()})])
def test_what_the_trainer_believes_is_measured_beside(tmp_path: Path, trainer: Component) -> None:
    pool = make_pool(test_share=0.25)
    records = run(tmp_path / "run", pool, trainer=trainer)
    found = records[-1].label_precision
    assert found is not None and found.classifier is not None and pool.truth is not None
    # Equally sure of every pair, so as precise at any coverage.
    share = float(pool.truth[unlabeled(pool, records), 0].mean())
    assert_allclose(found.pseudo_labels or [], [share] * 10, atol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"initial": 0, "rounds": 0},  # no label
        {"initial": 142, "per_round": 8, "rounds": 5},  # no pair without one
    ],
)
def test_there_is_none_where_nothing_can_be_measured(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    records = run(tmp_path / "run", trainer=Believer(), **settings)
    assert [record.label_precision for record in records] == [None] * len(records)
    assert '"label_precision"' not in (tmp_path / "run" / "results.json").read_text()


def test_it_comes_with_the_last_round_however_the_run_ends(tmp_path: Path) -> None:
    for name, stop in (("budget", {"budget": 20}), ("stability", {"stability": 0.01})):
        records = run(tmp_path / name, rounds=9, stop=stop)
        assert len(records) < 9
        assert records[-1].label_precision is not None
        assert all(record.label_precision is None for record in records[:-1])


def test_its_seconds_count_as_evaluation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, Any]] = []

    class Observer:
        @hookimpl
        def acqkit_round_finished(self, record: dict[str, Any]) -> None:
            told.append(record)

    def slow(*_: Any) -> None:
        clock.now += 100

    clock = SteadyClock()
    monkeypatch.setattr("acqkit.timing.time", clock)
    monkeypatch.setattr("acqkit.runner.simulate.label_precision", slow)
    observer = Observer()
    registry().manager.register(observer)
    try:
        records = run(tmp_path / "run")
    finally:
        registry().manager.unregister(observer)
    seconds = [record.seconds for record in records]
    assert [value["evaluate"] >= 100 for value in seconds] == [False, False, True]
    assert max(value["train"] for value in seconds) < 100
    assert [item["seconds"] for item in told] == seconds
    assert "label_precision" not in told[-1]


class SteadyClock:
    """Time goes on by a hundredth of a second when somebody looks."""

    now = 0.0

    def perf_counter(self) -> float:
        self.now += 0.01
        return self.now


def test_beliefs_of_another_pool_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match=r"Believer\.pool_beliefs gave .*\(7, 4\), wanted"):
        run(tmp_path / "run", trainer=Believer(rows=7), rounds=0)


def test_results_from_before_there_was_any_still_load(tmp_path: Path) -> None:
    run(tmp_path / "run", rounds=0)
    file = tmp_path / "run" / "results.json"
    results = Results.read(file)
    old = results.rounds[0].model_copy(update={"label_precision": None})
    results.model_copy(update={"rounds": [old]}).write(file)
    assert '"label_precision"' not in file.read_text()
    assert Results.read(file).rounds[0].label_precision is None
