"""apricot: facility location by lazy greedy on all pairwise similarities."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from apricot import FacilityLocationSelection

from acqkit.embeddings import IntArray
from acqkit.neighbors import unit
from suite.speed.scene import Scene


def _coverage(scene: Scene, batch: int) -> Callable[[], IntArray]:
    x, labeled = unit(scene.mean), scene.labeled

    def run() -> IntArray:
        selector = FacilityLocationSelection(batch, metric="cosine", initial_subset=labeled)
        return np.asarray(selector.fit(x).ranking)

    return run


PREPARE = {"coverage": _coverage}
