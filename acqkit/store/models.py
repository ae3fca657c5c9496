"""Model states as the files of an artifact: safetensors and JSON, never a pickle."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save

from acqkit.interfaces import ModelState
from acqkit.store.artifacts import Draft

_TENSORS, _DATA = "model.safetensors", "model.json"


def write_model(draft: Draft, state: ModelState) -> None:
    """A model's arrays as safetensors, its plain data as JSON. Raises OSError."""
    arrays = {name: np.asarray(values, order="C") for name, values in state.arrays.items()}
    draft.file(_TENSORS).write(save(arrays))
    draft.file(_DATA).write(json.dumps(state.data).encode())


def read_model(folder: Path) -> ModelState:
    """What `write_model` wrote; executes nothing of it."""
    data = json.loads((folder / _DATA).read_text(encoding="utf-8"))
    return ModelState(load_file(folder / _TENSORS), data)
