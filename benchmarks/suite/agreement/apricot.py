"""apricot: facility location of the similarities that ours takes."""

from __future__ import annotations

import numpy as np
from apricot import FacilityLocationSelection

from acqkit.embeddings import IntArray
from acqkit.neighbors import unit
from suite.speed.scene import Scene


def facility_location(scene: Scene, batch: int) -> IntArray:
    """Picks that raise the mean largest (1 + cos) / 2 the most; labels cover from the start."""
    x = unit(scene.mean).astype(np.float64)
    similarity = (1 + x @ x.T) / 2
    selector = FacilityLocationSelection(
        batch, metric="precomputed", initial_subset=scene.labeled, optimizer="naive"
    )
    return np.asarray(selector.fit(similarity).ranking)
