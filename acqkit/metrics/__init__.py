"""How good retrieval is, and how fast it gets better with labels."""

from acqkit.metrics.curves import area_under_curve, labels_to_reach, share_of_label_gain
from acqkit.metrics.retrieval import DirectionScores, RetrievalScores, evaluate_retrieval

__all__ = [
    "DirectionScores",
    "RetrievalScores",
    "area_under_curve",
    "evaluate_retrieval",
    "labels_to_reach",
    "share_of_label_gain",
]
