"""Which strategies are held against which peers, and by what they are judged."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import metadata
from typing import Any

import numpy as np

from acqkit.embeddings import IntArray
from suite.agreement import objectives
from suite.speed.objectives import OBJECTIVES
from suite.speed.ours import ours
from suite.speed.peers import find_peer
from suite.speed.scene import Scene

Picks = Callable[[Scene, int], IntArray]


@dataclass(frozen=True, eq=False)
class Contest:
    """A strategy of ours and a peer's.

    `spec` is ours as in a configuration; `theirs` picks, from a scene, so many pairs, and imports
    the peer when called. `objective` is what both optimize, by name and function, higher is better.
    `apart` says why picks may differ. `alter` makes of a scene the one that both see.
    """

    strategy: str
    peer: str
    method: str
    spec: dict[str, Any]
    theirs: Picks
    objective: tuple[str, Callable[[Scene, IntArray], float]]
    picks: int = 20
    apart: str = ""
    alter: Callable[[Scene], Scene] = field(default=lambda scene: scene)

    @property
    def version(self) -> str:
        """The peer's installed version; empty where it is not installed."""
        try:
            return metadata.version(self.peer)
        except metadata.PackageNotFoundError:
            return ""

    def ours(self, scene: Scene) -> IntArray:
        """What ours picks."""
        return ours(self.spec, scene, self.picks)[0]()


def _peer(name: str, algorithm: str) -> Picks:
    """The adapter that the speed suite measures."""
    return lambda scene, batch: find_peer(name).prepare(algorithm, scene, batch)()


def _of(module: str, function: str) -> Picks:
    def picks(scene: Scene, batch: int) -> IntArray:
        found: Picks = getattr(importlib.import_module(f"suite.agreement.{module}"), function)
        return found(scene, batch)

    return picks


def _even(scene: Scene) -> Scene:
    """Two classes at even odds everywhere: Fisher information is that of a linear regression."""
    even = np.full((len(scene.mean), 2), 0.5, dtype=np.float32)
    labels = np.where(scene.labels < 0, -1, np.arange(len(scene.labels)) % 2)
    return replace(scene, probabilities=even, labels=labels)


def _skactiveml(
    spec: str | dict[str, Any],
    method: str,
    algorithm: str,
    objective: tuple[str, Callable[[Scene, IntArray], float]],
    **more: Any,
) -> Contest:
    """A strategy, or a scorer with `top`, against scikit-activeml's."""
    made: dict[str, Any] = {"name": spec} if isinstance(spec, str) else spec
    name = made["name"] if "name" in made else made["scorer"]["name"]
    theirs = more.pop("theirs", _peer(_SKACTIVEML, algorithm))
    return Contest(name, _SKACTIVEML, method, made, theirs, objective, **more)


def _top(scorer: str, **params: Any) -> dict[str, Any]:
    return {"scorer": {"name": scorer} | params, "allocator": {"name": "top"}}


_SKACTIVEML = "scikit-activeml"
_CHANGES = ("how often predictions of picks change", objectives.wavering)
_TYPICAL = ("mean typicality", objectives.typicality)
_LEFT = ("minus variance left", objectives.remaining_variance)
_SPREAD = ("minus squared distances to centers", objectives.spread)

CONTESTS = (
    _skactiveml("coreset", "CoreSet", "k-center", OBJECTIVES["k-center"]),
    _skactiveml(_top("margin"), "UncertaintySampling", "margin", OBJECTIVES["margin"]),
    _skactiveml(_top("entropy"), "UncertaintySampling", "entropy", OBJECTIVES["entropy"]),
    _skactiveml(
        _top("least-confidence"),
        "UncertaintySampling",
        "least confidence",
        OBJECTIVES["least confidence"],
    ),
    _skactiveml(_top("bald", samples=10), "GreedyBALD", "bald", OBJECTIVES["bald"]),
    _skactiveml(
        {"name": "qbc", "members": 10},
        "QueryByCommittee",
        "qbc",
        ("sum of vote entropies", objectives.votes),
        apart="which of equal votes is drawn",
    ),
    _skactiveml(
        {"name": "batch-bald", "samples": 10},
        "BatchBALD",
        "batch-bald",
        ("joint information", objectives.joint_information),
        picks=5,
    ),
    _skactiveml(
        "badge",
        "Badge",
        "badge",
        ("minus k-means++ potential", objectives.potential),
        apart="all but the first are drawn; theirs has the gradient 0 as a center from the start",
    ),
    _skactiveml(
        {"name": "probcover", "delta": "radius"},
        "ProbCover",
        "probcover",
        OBJECTIVES["probcover"],
        apart="which of equal gains is drawn",
    ),
    _skactiveml(
        "max-herding",
        "MaxHerding",
        "max-herding",
        ("kernel coverage", objectives.kernel_coverage),
    ),
    _skactiveml(
        {"name": "typiclust", "min_size": 1},
        "TypiClust, our clusters",
        "",
        ("sum of clusters' sizes", objectives.cluster_sizes),
        theirs=_of("shared", "typiclust"),
        apart="which of equally large clusters is drawn",
    ),
    _skactiveml("typiclust", "TypiClust", "typiclust", _TYPICAL, apart="clusters are drawn"),
    _skactiveml(
        "drop-query",
        "DropQuery, our masks and clusters",
        "",
        _CHANGES,
        theirs=_of("shared", "drop"),
        apart="theirs may pick from the cluster beside",
    ),
    _skactiveml(
        "drop-query", "DropQuery", "drop-query", _CHANGES, apart="masks and clusters are drawn"
    ),
    Contest(
        "facility-location",
        "apricot-select",
        "FacilityLocationSelection",
        {"name": "facility-location"},
        _of("apricot", "facility_location"),
        OBJECTIVES["coverage"],
        apart="gains that differ by rounding",
    ),
    Contest("lcmd", "bmdal-reg", "LCMD-TP", {"name": "lcmd"}, _of("bmdal", "lcmd"), _SPREAD),
    Contest(
        "bait",
        "bmdal-reg",
        "BAIT of a regression",
        {"name": "bait", "prior": 2.0},
        _of("bmdal", "bait"),
        _LEFT,
        alter=_even,
    ),
)
