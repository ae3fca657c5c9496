"""submodlib: facility location by lazy greedy in C++; it knows no pairs that cover already."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from submodlib import FacilityLocationFunction

from acqkit.embeddings import IntArray
from acqkit.neighbors import unit
from suite.speed.scene import Scene


def _coverage(scene: Scene, batch: int) -> Callable[[], IntArray]:
    unlabeled = scene.unlabeled
    x = unit(scene.mean)[unlabeled]

    def run() -> IntArray:
        function = FacilityLocationFunction(n=len(x), mode="dense", data=x, metric="cosine")
        picked = function.maximize(budget=batch, optimizer="LazyGreedy", show_progress=False)
        return np.asarray(unlabeled[np.array([row for row, _ in picked])])

    return run


PREPARE = {"coverage": _coverage}
