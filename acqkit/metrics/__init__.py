"""How good retrieval and pseudo-labels are, and how fast retrieval gets better with labels."""

from collections.abc import Mapping

from acqkit.base import Component, hookimpl
from acqkit.interfaces import DirectionScores, RetrievalScores
from acqkit.metrics.curves import area_under_curve, labels_to_reach, share_of_label_gain
from acqkit.metrics.pseudo_labels import (
    COVERAGES,
    FLOOR,
    class_prior,
    decide,
    least_sure,
    precision_coverage,
)
from acqkit.metrics.retrieval import evaluate_retrieval
from acqkit.metrics.standard import STANDARD

__all__ = [
    "COVERAGES",
    "FLOOR",
    "STANDARD",
    "DirectionScores",
    "RetrievalScores",
    "area_under_curve",
    "class_prior",
    "decide",
    "evaluate_retrieval",
    "labels_to_reach",
    "least_sure",
    "precision_coverage",
    "share_of_label_gain",
]


@hookimpl
def acqkit_register_metrics() -> Mapping[str, type[Component]]:
    """MAP, MAP@50, nDCG and R@k."""
    return STANDARD
