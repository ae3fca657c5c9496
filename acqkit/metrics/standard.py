"""The metrics of the field, as components like any plugin's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from acqkit.base import Component
from acqkit.interfaces.metrics import Evaluation, RetrievalScores


def _metric(shown: str, about: str, figure: Callable[[RetrievalScores], float]) -> type[Component]:
    class Standard(Component):
        title: ClassVar[str] = shown

        def measure(self, evaluation: Evaluation) -> float:
            return figure(evaluation.scores)

    Standard.__doc__ = f"{about}; see `acqkit.metrics.evaluate_retrieval`."
    return Standard


STANDARD: Mapping[str, type[Component]] = {
    "map": _metric("MAP", "Mean average precision, mean of both directions", lambda s: s.map),
    "map_ab": _metric("MAP, {a} → {b}", "MAP of queries of modality a", lambda s: s.ab.map),
    "map_ba": _metric("MAP, {b} → {a}", "MAP of queries of modality b", lambda s: s.ba.map),
    "map50": _metric("MAP@50", "MAP within the first 50, of both directions", lambda s: s.map50),
    "map50_ab": _metric("MAP@50, {a} → {b}", "MAP@50 of modality a", lambda s: s.ab.map_at[50]),
    "map50_ba": _metric("MAP@50, {b} → {a}", "MAP@50 of modality b", lambda s: s.ba.map_at[50]),
    "ndcg": _metric("nDCG", "nDCG of shared labels, mean of both directions", lambda s: s.ndcg),
    "recall1": _metric("R@1", "Own pair comes first, as a share", lambda s: s.recall_at(1)),
    "recall5": _metric("R@5", "Own pair is in the first 5, as a share", lambda s: s.recall_at(5)),
    "recall10": _metric("R@10", "Own pair in the first 10, as a share", lambda s: s.recall_at(10)),
}
"""By the name under which it is in `results.json`."""
