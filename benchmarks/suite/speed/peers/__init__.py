"""The peers: which package has which algorithm, and how it is asked for it."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata

from acqkit.embeddings import IntArray
from suite.speed.scene import Scene

Prepare = Callable[[Scene, int], Callable[[], IntArray]]
"""Makes ready what a user would have ready; what it gives back is timed."""


@dataclass(frozen=True)
class Peer:
    """A package: its distribution, the module that shows it is there, algorithms and their names.

    `extra` is the extra of acqkit's that installs it; without one, `absent` says why it cannot
    be measured at all. The adapter is a module in this folder with a dictionary `PREPARE`.
    """

    name: str
    module: str = ""
    adapter: str = ""
    extra: str = ""
    methods: Mapping[str, str] = field(default_factory=dict)
    absent: str = ""

    @property
    def version(self) -> str:
        """The installed version."""
        return metadata.version(self.name)

    def missing(self) -> str:
        """Why it cannot be measured here; empty where it can."""
        if self.absent:
            return self.absent
        if importlib.util.find_spec(self.module) is None:
            return f"not installed: pip install acqkit[{self.extra}]"
        return ""

    def prepare(self, algorithm: str, scene: Scene, batch: int) -> Callable[[], IntArray]:
        """The selection by this peer's method for an algorithm."""
        adapter = importlib.import_module(f"{__name__}.{self.adapter}")
        prepare: Mapping[str, Prepare] = adapter.PREPARE
        return prepare[algorithm](scene, batch)


_NO_PACKAGE = "the authors' code is no package on the index"

PEERS = (
    Peer(
        "scikit-activeml",
        "skactiveml",
        "skactiveml_peer",
        "peers",
        {
            "k-center": "CoreSet",
            "badge": "Badge",
            "margin": "UncertaintySampling(margin)",
            "entropy": "UncertaintySampling(entropy)",
            "least confidence": "UncertaintySampling(least_confident)",
            "bald": "GreedyBALD",
            "qbc": "QueryByCommittee(vote_entropy)",
            "batch-bald": "BatchBALD",
            "drop-query": "DropQuery",
            "typiclust": "TypiClust",
            "probcover": "ProbCover",
            "coverage": "MaxHerding",
        },
    ),
    Peer(
        "small-text",
        "small_text",
        "small_text_peer",
        "peers",
        {
            "k-center": "greedy_coreset",
            "margin": "BreakingTies",
            "entropy": "PredictionEntropy",
            "least confidence": "LeastConfidence",
            "bald": "BALD",
            "kmeans": "EmbeddingKMeans",
        },
    ),
    Peer(
        "modAL-python",
        "modAL",
        "modal_peer",
        "peers",
        {
            "margin": "margin_sampling",
            "entropy": "entropy_sampling",
            "least confidence": "uncertainty_sampling",
            "coverage": "information_density",
        },
    ),
    Peer(
        "alipy",
        "alipy",
        "alipy_peer",
        "peers",
        {
            "k-center": "QueryInstanceCoresetGreedy",
            "margin": "QueryInstanceUncertainty(margin)",
            "entropy": "QueryInstanceUncertainty(entropy)",
            "least confidence": "QueryInstanceUncertainty(least_confident)",
            "coverage": "QueryInstanceGraphDensity",
        },
    ),
    Peer(
        "baal",
        "baal",
        "baal_peer",
        "peers-more",
        {"margin": "Margin", "entropy": "Entropy", "least confidence": "Certainty", "bald": "BALD"},
    ),
    Peer(
        "decile-distil",
        "distil",
        "distil_peer",
        "peers-more",
        {"k-center": "CoreSet.furthest_first", "badge": "badge.init_centers"},
    ),
    Peer(
        "apricot-select",
        "apricot",
        "apricot_peer",
        "peers-more",
        {"coverage": "FacilityLocationSelection"},
    ),
    Peer(
        "submodlib-py",
        "submodlib",
        "submodlib_peer",
        "peers-more",
        {"coverage": "FacilityLocationFunction"},
    ),
    Peer(
        "TypiClust (authors)",
        methods={"typiclust": "TypiClust", "probcover": "ProbCover"},
        absent=_NO_PACKAGE,
    ),
)


def find_peer(name: str) -> Peer:
    """The peer of that name."""
    return next(peer for peer in PEERS if peer.name == name)
