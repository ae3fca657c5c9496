"""The built-in scorers, allocator and strategies, registered through the public door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acqkit.base import hookimpl
from acqkit.interfaces import Component
from acqkit.strategies.badge import Badge
from acqkit.strategies.bait import Bait
from acqkit.strategies.bald import Bald
from acqkit.strategies.batch_bald import BatchBald
from acqkit.strategies.coreset import CoreSet
from acqkit.strategies.drop_query import DropQuery
from acqkit.strategies.entropy import Entropy
from acqkit.strategies.facility_location import FacilityLocation
from acqkit.strategies.galaxy import Galaxy
from acqkit.strategies.information_density import InformationDensity
from acqkit.strategies.kmeans import KMeans
from acqkit.strategies.lcmd import Lcmd
from acqkit.strategies.least_confidence import LeastConfidence
from acqkit.strategies.margin import Margin
from acqkit.strategies.max_herding import MaxHerding
from acqkit.strategies.probcover import ProbCover
from acqkit.strategies.qbc import Qbc
from acqkit.strategies.random import Random
from acqkit.strategies.seek import Seek
from acqkit.strategies.top import Top
from acqkit.strategies.typiclust import TypiClust
from acqkit.strategies.uherding import UHerding

__all__ = [
    "Badge",
    "Bait",
    "Bald",
    "BatchBald",
    "CoreSet",
    "DropQuery",
    "Entropy",
    "FacilityLocation",
    "Galaxy",
    "InformationDensity",
    "KMeans",
    "Lcmd",
    "LeastConfidence",
    "Margin",
    "MaxHerding",
    "ProbCover",
    "Qbc",
    "Random",
    "Seek",
    "Top",
    "TypiClust",
    "UHerding",
]


@hookimpl
def acqkit_register_scorers() -> Mapping[str, type[Component]]:
    """Uncertainty of the class probabilities."""
    return {
        "bald": Bald,
        "entropy": Entropy,
        "least-confidence": LeastConfidence,
        "margin": Margin,
    }


@hookimpl
def acqkit_register_presets() -> Mapping[str, Mapping[str, Any]]:
    """What everything else is compared with."""
    return {"plain": {"strategy": "random"}}


@hookimpl
def acqkit_register_allocators() -> Mapping[str, type[Component]]:
    """The highest scores."""
    return {"top": Top}


@hookimpl
def acqkit_register_strategies() -> Mapping[str, type[Component]]:
    """Strategies that need no scorer."""
    return {
        "badge": Badge,
        "bait": Bait,
        "galaxy": Galaxy,
        "uherding": UHerding,
        "qbc": Qbc,
        "max-herding": MaxHerding,
        "lcmd": Lcmd,
        "information-density": InformationDensity,
        "facility-location": FacilityLocation,
        "drop-query": DropQuery,
        "batch-bald": BatchBald,
        "coreset": CoreSet,
        "kmeans": KMeans,
        "probcover": ProbCover,
        "random": Random,
        "seek": Seek,
        "typiclust": TypiClust,
    }
