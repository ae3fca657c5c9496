"""Measurements of the speed suite in real processes, on pools of a few pairs."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from acqkit.neighbors import unit
from distributions import lay_out
from suite.speed.case import Case
from suite.speed.floors import FLOORS
from suite.speed.measure import prepared
from suite.speed.objectives import OBJECTIVES
from suite.speed.peers import PEERS, Peer
from suite.speed.scene import Scene, Shape, open_scene, write_scene
from suite.speed.watch import run_case

SHAPE = Shape(pairs=500, dim=6, labeled=40, classes=3, passes=3)

PLUGIN = """
import time
import numpy as np
import acqkit


class Wait(acqkit.Component):
    def select(self, context, n):
        time.sleep(60 if len(context.pool) == 500 else 0)
        return context.candidates[:n]


class Hoard(acqkit.Component):
    def select(self, context, n):
        held = np.ones(int(1e8) if len(context.pool) == 500 else 1)
        time.sleep(60 if len(held) > 1 else 0)
        return context.candidates[:n]


class Broken(acqkit.Component):
    def select(self, context, n):
        raise ValueError("cannot choose")


@acqkit.hookimpl
def acqkit_register_strategies():
    return {"wait": Wait, "hoard": Hoard, "broken": Broken}
"""


def a_case(**changes: Any) -> Case:
    values = {
        "role": "ours",
        "algorithm": "k-center",
        "who": "acqkit",
        "method": "coreset",
        "pairs": SHAPE.pairs,
        "dim": SHAPE.dim,
        "batch": 7,
        "labeled": SHAPE.labeled,
        "classes": SHAPE.classes,
        "passes": SHAPE.passes,
        "threads": 1,
        "repeats": 3,
        "limit_seconds": 60.0,
        "limit_gib": 8.0,
        "spec": {"strategy": {"name": "coreset", "params": {}}},
    }
    return Case.model_validate(values | changes)


def by_name(strategy: str, **changes: Any) -> Case:
    return a_case(spec={"strategy": {"name": strategy, "params": {}}}, **changes)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_scene(SHAPE, folder)
    return folder


@pytest.fixture(scope="module")
def scene(data: Path) -> Scene:
    return open_scene(SHAPE, data)


def test_a_strategy_is_measured_in_a_process_of_its_own(data: Path) -> None:
    outcome = run_case(a_case(), data, "abc")
    assert outcome.status == "ok", outcome.reason
    assert len(outcome.seconds) == 25  # milliseconds each
    assert len(set(outcome.picks)) == 7
    assert outcome.objective is not None
    assert outcome.peak_mib is not None


@pytest.mark.parametrize(
    ("strategy", "limits", "status", "reason"),
    [
        pytest.param("wait", {"limit_seconds": 0.2}, "DNF", "over 0.2 s", marks=pytest.mark.net),
        pytest.param("hoard", {"limit_gib": 0.3}, "DNF", "over 0.3 GiB", marks=pytest.mark.net),
        ("broken", {}, "failed", "ValueError: cannot choose"),
    ],
)
def test_what_does_not_finish_is_an_outcome(
    strategy: str,
    limits: dict[str, float],
    status: str,
    reason: str,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lay_out(tmp_path, "acqkit-slow", PLUGIN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    outcome = run_case(by_name(strategy, **limits), data, "abc")
    assert (outcome.status, outcome.reason) == (status, reason)


def test_a_longer_pool_begins_as_a_shorter_one(tmp_path: Path) -> None:
    short, long = SHAPE, Shape(17_000, SHAPE.dim, SHAPE.labeled, SHAPE.classes, SHAPE.passes)
    write_scene(short, tmp_path / "short")
    write_scene(short, tmp_path / "long")
    write_scene(long, tmp_path / "long")
    first, second = open_scene(short, tmp_path / "short"), open_scene(short, tmp_path / "long")
    assert len(open_scene(long, tmp_path / "long").mean) == 17_000
    for name in ("mean", "variance", "probabilities", "samples", "labels"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


@pytest.mark.parametrize(
    ("peer", "algorithm"),
    [pytest.param(peer, a, id=f"{peer.name}-{a}") for peer in PEERS for a in peer.methods],
)
def test_peers_pick_new_pairs(peer: Peer, algorithm: str, scene: Scene) -> None:
    if peer.missing():
        pytest.skip(peer.missing())
    if peer.name == "alipy" and algorithm != "k-center":
        pytest.skip("ALiPy 1.2.5 asks for collections.Iterable, which Python 3.10 took away")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        picks = peer.prepare(algorithm, scene, 7)()
    assert len(np.unique(picks)) == 7
    assert (scene.labels[picks] < 0).all()
    if algorithm in OBJECTIVES:
        assert np.isfinite(OBJECTIVES[algorithm][1](scene, np.asarray(picks)))


@pytest.mark.parametrize("name", FLOORS)
def test_floors_run_and_pick_nothing(name: str, scene: Scene) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        select, _ = prepared(a_case(role="floor", method=name), scene, 7)
        select()


def test_objectives_are_what_they_say(scene: Scene) -> None:
    picks = scene.unlabeled[:7]
    known = np.concatenate([scene.labeled, picks])
    x, u, p = scene.mean.astype(float), unit(scene.mean).astype(float), scene.probabilities[picks]
    cosine = (u @ u[known].T).max(axis=1)
    top = np.sort(p, axis=1)
    samples = scene.samples[:, picks].astype(float)
    entropies = -(samples * np.log(samples)).sum(axis=2).mean(axis=0)
    mean = samples.mean(axis=0)
    expected = {
        "k-center": -cdist(x, x[known]).min(axis=1).max(),
        "probcover": (np.sqrt(2 - 2 * np.minimum(cosine, 1)) <= scene.radius).mean(),
        "coverage": cosine.mean(),
        "margin": (top[:, -2] - top[:, -1]).sum(),
        "entropy": -(p * np.log(p)).sum(),
        "least confidence": (1 - p.max(axis=1)).sum(),
        "bald": (-(mean * np.log(mean)).sum(axis=1) - entropies).sum(),
    }
    for algorithm, (_, objective) in OBJECTIVES.items():
        assert objective(scene, picks) == pytest.approx(expected[algorithm], rel=1e-4), algorithm
