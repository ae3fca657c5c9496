"""Simulations on pools of which only some pairs are labeled."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from finished import Command
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from acqkit import PairPool, run
from acqkit.campaign import Campaign
from acqkit.embeddings import BoolArray
from acqkit.errors import ConfigError, PoolError
from acqkit.interfaces import Model, Pool
from acqkit.labels import LabelState
from acqkit.metrics import evaluate_retrieval
from acqkit.pool.folder import save_pool
from acqkit.report import collect
from acqkit.runs import Results
from acqkit.runs.pool import simulated
from acqkit.testing import make_pool
from light_components import LightFactory, LightMargin, LightTrainer, Watching

LIGHT: dict[str, Any] = {
    "strategy": LightMargin(),
    "trainer": LightTrainer(),
    "model": LightFactory(),
    "initial": 10,
    "per_round": 6,
    "rounds": 3,
    "seeds": 2,
}


def partly(pool: PairPool, labeled: BoolArray) -> PairPool:
    """The pool as one has it whose owner labeled some pairs."""
    assert pool.truth is not None
    known = LabelState(np.where(labeled, 0, -1).astype(np.int32), pool.truth * labeled[:, None])
    return replace(pool, truth=None, known=known)


def some(pool: PairPool, share: float = 0.4) -> BoolArray:
    return np.asarray(np.random.default_rng(5).random(len(pool)) < share)


def history(results: Results) -> list[dict[str, Any]]:
    return [record.model_dump(exclude={"seconds"}) for record in results.rounds]


class Noting(LightTrainer):
    """Keeps the pools that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: list[Pool] = []

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        self._seen.append(pool)
        super().fit(model, pool, seed)


@pytest.mark.parametrize("test_share", [0.25, 0.0])
def test_where_all_are_labeled_the_run_is_the_very_same(tmp_path: Path, test_share: float) -> None:
    pool = make_pool(test_share=test_share)
    known = partly(pool, np.ones(len(pool), dtype=bool))
    found = [
        run(each, out=tmp_path / name, **LIGHT)
        for name, each in (("truth", pool), ("known", known))
    ]
    assert history(found[0]) == history(found[1])
    held = json.loads((tmp_path / "truth" / "results.json").read_text())["pool"]
    assert "labeled_train" not in held and "labeled_test" not in held


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("test_share", [0.3, 0.0])
def test_only_labeled_pairs_are_asked_for_and_evaluated_on(
    tmp_path: Path, test_share: float, multilabel: bool
) -> None:
    whole = make_pool(300, test_share=test_share, multilabel=multilabel)
    labeled = some(whole)
    watching, trainer = Watching(), Noting()
    found = run(
        partly(whole, labeled),
        out=tmp_path / "run",
        **LIGHT | {"strategy": watching, "trainer": trainer, "initial": 0, "seeds": 1},
    )
    picked = [each for record in found.rounds for each in record.picked]
    assert len(picked) == 18 and labeled[picked].all()
    part = simulated(partly(whole, labeled), 0.2)
    train = part.train_positions
    for context in watching.seen:
        assert labeled[train[context.candidates]].all()
        unlabeled = np.flatnonzero(~labeled[train])
        assert not context.covering()[unlabeled].any()
        assert (context.pool.labels.round[unlabeled] == -1).all()
    for pool in trainer._seen:
        assert len(pool) == len(train)  # what is unlabeled is there all the same
        assert set(pool.labels.labeled) <= set(np.flatnonzero(labeled[train]))
    if not test_share:
        assert labeled[part.test_positions].all()


def test_metrics_are_those_of_the_labeled_test_pairs(tmp_path: Path) -> None:
    whole = make_pool(300, test_share=0.4)
    labeled = some(whole)
    run(partly(whole, labeled), out=tmp_path / "run", **LIGHT)
    part = simulated(partly(whole, labeled), 0.2)
    with Campaign.open(
        tmp_path / "run" / "seeds" / "0" / "campaign",
        part,
        **{key: LIGHT[key] for key in ("strategy", "trainer", "model")},
    ) as campaign:
        model = campaign.trained().model
    gallery = np.flatnonzero(labeled & np.asarray(whole.test))
    embedded = model.embed(whole.batch(gallery))
    truth: NDArray[np.uint8] | None = whole.truth
    assert truth is not None
    scores = evaluate_retrieval(embedded.a.mean, embedded.b.mean, truth[gallery])
    last = Results.read(tmp_path / "run" / "results.json").rounds[3]
    assert_allclose([last.map_ab, last.map_ba], [scores.map_ab, scores.map_ba], rtol=1e-6)


def test_shares_are_of_the_labeled_pairs_and_the_run_ends_when_they_are_spent(
    tmp_path: Path,
) -> None:
    whole = make_pool(300, test_share=0.4)
    labeled = some(whole)
    there = int((labeled & ~np.asarray(whole.test)).sum())
    settings = {**LIGHT, "initial": "50%", "per_round": there, "seeds": 1}
    found = run(partly(whole, labeled), out=tmp_path / "run", **settings)
    assert [record.labels for record in found.rounds] == [round(there / 2), there]
    assert found.endings() == ["there is no pair left to ask for (seed 0)"]
    assert found.pool.labeled_train == there
    assert found.pool.labeled_test == int((labeled & np.asarray(whole.test)).sum())


def test_precision_and_the_reference_are_of_pairs_whose_truth_is_known(tmp_path: Path) -> None:
    whole = make_pool(300, test_share=0.4)
    labeled = some(whole)
    trainer = Noting()
    settings = {**LIGHT, "seeds": 1, "trainer": trainer, "full": True}
    found = run(partly(whole, labeled), out=tmp_path / "run", **settings)
    precision = found.rounds[-1].label_precision
    there = int((labeled & ~np.asarray(whole.test)).sum())
    assert precision is not None and precision.pairs == there - found.rounds[-1].labels
    # The reference with all labels has those that there are.
    assert max(len(pool.labels.labeled) for pool in trainer._seen) == there


@pytest.mark.parametrize("strategy", ["random", "max-herding", "typiclust"])
def test_no_strategy_asks_for_what_nobody_can_answer(tmp_path: Path, strategy: str) -> None:
    whole = make_pool(120, 3)
    labeled = some(whole)
    settings = {**LIGHT, "strategy": strategy, "seeds": 1, "rounds": 2}
    found = run(partly(whole, labeled), out=tmp_path / "run", **settings)
    picked = [each for record in found.rounds for each in record.picked]
    assert len(set(picked)) == len(picked) == 22 and labeled[picked].all()


def test_other_labels_are_another_run(tmp_path: Path) -> None:
    whole = make_pool(300, test_share=0.4)
    labeled = some(whole)
    run(partly(whole, labeled), out=tmp_path / "run", **LIGHT)
    fewer = labeled.copy()
    fewer[np.flatnonzero(labeled)[-1]] = False
    with pytest.raises(ConfigError, match="other labels; the pool has other marks of which"):
        run(partly(whole, fewer), out=tmp_path / "run", **LIGHT)
    again = run(partly(whole, labeled), out=tmp_path / "run", **LIGHT)
    assert len(again.rounds) == 8


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ("none", "has no labels to simulate with"),
        ("train", r"none of the 120 test pairs of pool 'synthetic' is labeled"),
        ("test", r"none of the 180 train pairs of pool 'synthetic' is labeled"),
    ],
)
def test_a_part_without_labels_is_refused(tmp_path: Path, keep: str, message: str) -> None:
    whole = make_pool(300, test_share=0.4)
    test = np.asarray(whole.test)
    labeled = {"none": np.zeros(300, dtype=bool), "train": ~test, "test": test}[keep]
    with pytest.raises(PoolError, match=message):
        run(partly(whole, labeled), out=tmp_path / "run", **LIGHT)


def test_run_describe_and_report_say_how_many_are_labeled(tmp_path: Path, acqkit: Command) -> None:
    whole = make_pool(300, test_share=0.4)
    labeled, in_test = np.arange(300) < 90, np.asarray(whole.test)
    train, test = int((labeled & ~in_test).sum()), int((labeled & in_test).sum())
    file = tmp_path / "pool.npz"
    save_pool(partly(whole, labeled), file)
    assert json.loads(acqkit("pool", "describe", file, "--json").stdout)["labeled_test"] == test
    words = acqkit("pool", "describe", file).stdout.replace("│", " ").split()
    assert (
        f"90 of 300 pairs are labeled ({train} of 180 to learn from, {test} of 120 to evaluate); "
        "the others are unlabeled, not of no class"
    ) in " ".join(words)
    settings = "--strategy random --initial 10 --per-round 5 --rounds 1 --seeds 1"
    made = acqkit(
        *("run", "--pool", file, "--out", tmp_path / "run"),
        *(settings + " --set trainer.min_steps=5 --set trainer.epochs=1").split(),
    )
    assert made.returncode == 0, made.stderr
    counts = (
        f"{train} of 180 pairs to learn from have labels, and {test} of 120 to evaluate on; only "
        "these are asked for and evaluated on"
    )
    assert counts in " ".join(made.stderr.split())
    data = collect([tmp_path / "run"])
    assert [counts in note for note in data.notes] == [True]
    assert data.pool.asked == train and data.pool.evaluated == test
    assert data.classes is not None and sum(data.classes.counts) == train
