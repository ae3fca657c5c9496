"""What an encoder is given: features, raw items, or what was made of them before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from acqkit.embeddings import BoolArray, IntArray


@dataclass(frozen=True, eq=False, slots=True)
class Collated:
    """What the collate function of a modality made of the present ones among some raw items."""

    inputs: Any


@dataclass(frozen=True, eq=False, slots=True)
class Kept:
    """What the frozen body of a `Tower` gives for some pairs, `[k, ...]`; zeros where absent."""

    features: Tensor


def mask_of(present: BoolArray | None) -> BoolArray | None:
    """None where every pair is present."""
    return None if present is None or present.all() else present


def rows_of(inputs: Any, rows: IntArray) -> Any:
    """Some rows of inputs; `Collated` ones are those of the present pairs already."""
    if isinstance(inputs, Collated):
        return inputs
    if isinstance(inputs, Kept):
        return Kept(rows_of(inputs.features, rows))
    if isinstance(inputs, Tensor):
        return inputs[torch.from_numpy(rows).to(inputs.device)]
    if isinstance(inputs, np.ndarray):
        return inputs[rows]
    items: Sequence[Any] = inputs
    return [items[row] for row in rows]
