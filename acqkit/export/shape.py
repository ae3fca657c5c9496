"""A pool of the same shape as the one that a model was made for, without any of its pairs."""

from __future__ import annotations

from typing import Any

import numpy as np

from acqkit.embeddings import IntArray
from acqkit.export.about import PoolAbout
from acqkit.pool import PairPool
from acqkit.pool.features import ArrayFeatures, FeatureSource


class _NoItem:
    """Raw items of one pair that has nothing to read."""

    dim = None

    def __len__(self) -> int:
        return 1

    def rows(self, positions: IntArray) -> list[Any]:
        """Nothing for each of `positions`."""
        return [None] * len(positions)


def pool_of_shape(about: PoolAbout) -> PairPool:
    """One pair of zeros, from which a model component builds what a state is then loaded into.

    Whatever a component takes from a pool's features, such as their mean, is in that state.
    """
    a, b = (_source(width) for width in about.dims or (None, None))
    return PairPool(
        features=(a, b),
        class_names=about.class_names,
        name=about.name,
        modalities=about.modalities,
        multilabel=about.multilabel,
    )


def _source(width: int | None) -> FeatureSource:
    return _NoItem() if width is None else ArrayFeatures(np.zeros((1, width), np.float32))
