"""How good retrieval and pseudo-labels are, and how fast retrieval gets better with labels."""

from acqkit.metrics.curves import area_under_curve, labels_to_reach, share_of_label_gain
from acqkit.metrics.pseudo_labels import (
    COVERAGES,
    FLOOR,
    class_prior,
    decide,
    least_sure,
    precision_coverage,
)
from acqkit.metrics.retrieval import DirectionScores, RetrievalScores, evaluate_retrieval

__all__ = [
    "COVERAGES",
    "FLOOR",
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
