"""What a scikit-learn estimator has learned, as arrays: attributes that `fit` has set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline

Arrays = dict[str, NDArray[Any]]


def fitted_arrays(estimator: Any) -> Arrays | None:
    """All that `fit` has set, by attribute, `step.attribute` in a pipeline.

    None where something of it is neither an array of numbers nor a number, such as a tree.
    """
    found: Arrays = {}
    for prefix, part in _parts(estimator):
        for name in vars(part).keys() - vars(clone(part)).keys():
            value = np.asarray(getattr(part, name))
            if value.dtype.kind not in "biuf":
                return None
            found[prefix + name] = value
    return found


def with_fitted_arrays(unfitted: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """A copy of an estimator that has learned what `fitted_arrays` gave."""
    estimator = clone(unfitted)
    for prefix, part in _parts(estimator):
        for key, value in arrays.items():
            if key.startswith(prefix) and "." not in key[len(prefix) :]:
                # Of a number, numpy's own scalar.
                setattr(part, key[len(prefix) :], value[()])
    return estimator


def _parts(estimator: Any) -> list[tuple[str, Any]]:
    if not isinstance(estimator, Pipeline):
        return [("", estimator)]
    return [
        (f"{name}.{prefix}", part)
        for name, step in estimator.steps
        if step != "passthrough"
        for prefix, part in _parts(step)
    ]
