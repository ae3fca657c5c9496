"""bmdal-reg: LCMD, and BAIT of a linear regression."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from bmdal_reg.bmdal.feature_data import TensorFeatureData
from bmdal_reg.bmdal.feature_maps import IdentityFeatureMap
from bmdal_reg.bmdal.features import Features
from bmdal_reg.bmdal.selection import (
    BaitFeatureSpaceSelectionMethod,
    LargestClusterMaxDistSelectionMethod,
)

from acqkit.embeddings import IntArray
from suite.agreement.objectives import regression_prior
from suite.speed.scene import Scene


def lcmd(scene: Scene, batch: int) -> IntArray:
    """LCMD-TP with the linear kernel."""
    return _picked(LargestClusterMaxDistSelectionMethod, scene, scene.mean, batch)


def bait(scene: Scene, batch: int) -> IntArray:
    """BAIT, forward and backward, of features that the labels have made white."""
    x = scene.mean.astype(np.float64)
    known = x[scene.labeled]
    matrix = regression_prior(scene) * np.eye(x.shape[1]) + known.T @ known
    values, vectors = np.linalg.eigh(matrix)
    white = x @ (vectors / np.sqrt(values))
    kept = {"sel_with_train": False, "noise_sigma": 1.0, "overselection_factor": 2.0}
    return _picked(BaitFeatureSpaceSelectionMethod, scene, white, batch, **kept)


def _picked(method: Any, scene: Scene, x: Any, batch: int, **settings: Any) -> IntArray:
    pool, train = (_features(x[rows]) for rows in (scene.unlabeled, scene.labeled))
    settings = {"sel_with_train": True, "verbosity": 0} | settings
    # It was written for a numpy that had this name.
    with patch.object(np, "Inf", np.inf, create=True):
        rows = method(pool_features=pool, train_features=train, **settings).select(batch)
    return np.asarray(scene.unlabeled[rows.numpy()])


def _features(x: Any) -> Features:
    points = torch.from_numpy(np.ascontiguousarray(x, dtype=np.float64))
    return Features(IdentityFeatureMap(x.shape[1]), TensorFeatureData(points))
