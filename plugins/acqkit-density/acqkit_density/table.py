"""The table of regions that is kept with each batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from acqkit.embeddings import IntArray
from acqkit_density.regions import RegionsForm, target_shares
from acqkit_density.view import PoolView


def allocation_table(view: PoolView, rows: IntArray, form: RegionsForm) -> list[dict[str, Any]]:
    """One row a region that has pairs: size, density, labels so far, target share, picked.

    rows are the picks. Labels are those that were given; pairs that wait for an answer count in
    the objective alone.
    """
    regions = len(view.sizes)
    target = target_shares(view.sizes, form.alpha)
    picked = np.bincount(view.region[rows], minlength=regions)
    labels = np.bincount(view.region[view.labeled], minlength=regions)
    measured = view.region[view.graph_rows]
    total = np.bincount(measured, view.graph.density(), minlength=regions)
    density = total / np.maximum(np.bincount(measured, minlength=regions), 1)
    size = "size (estimated)" if view.sample.is_partial else "size"
    return [
        {
            "region": int(k),
            size: int(view.sizes[k]),
            "density": round(float(density[k]), 4),
            "labels": int(labels[k]),
            "target": round(float(target[k]), 6),
            "picked": int(picked[k]),
        }
        for k in np.flatnonzero(view.sizes)
    ]
