"""Made-up features and what the exported model embeds them as, to tell a model from another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save

from acqkit.campaign.embed import embed_one
from acqkit.embeddings import FloatArray
from acqkit.errors import ExportError
from acqkit.export.about import reading
from acqkit.interfaces import Model

_ROWS = 4

_TOLERANCE = 0.01
"""Largest difference, as a share of the length: other libraries and half precision round
differently by less, another layer or activation is further off."""


def write_probe(path: Path, model: Model, dims: tuple[int, int]) -> None:
    """Embed made-up features of both modalities and write both down. Raises OSError."""
    rng = np.random.default_rng(0)
    arrays: dict[str, FloatArray] = {}
    for side, name in enumerate("ab"):
        arrays[f"{name}.features"] = rng.standard_normal((_ROWS, dims[side]), np.float32)
        arrays[f"{name}.mean"] = embed_one(
            model, side, arrays[f"{name}.features"], dims[1 - side]
        ).mean
    path.write_bytes(save(arrays))


def check_probe(path: Path, model: Model, dims: tuple[int, int], versions: str) -> None:
    """Raise ExportError where the loaded model embeds otherwise than the exported one did."""
    with reading(path):
        arrays = load_file(path)
        probes = [(arrays[f"{name}.features"], arrays[f"{name}.mean"]) for name in "ab"]
    for side, (features, wanted) in enumerate(probes):
        name = "ab"[side]
        found = embed_one(model, side, features, dims[1 - side]).mean
        if found.shape != wanted.shape:
            off = f"gives means of shape {found.shape}, not {wanted.shape}"
        else:
            lengths = np.maximum(np.linalg.norm(wanted, axis=1), 1e-12)
            difference = float((np.linalg.norm(found - wanted, axis=1) / lengths).max())
            if difference <= _TOLERANCE:
                continue
            off = f"is off by {difference:.1%}"
        raise ExportError(
            f"the model embeds otherwise here than where it was exported (modality {name} {off}); "
            f"build the same encoders, with versions as there: {versions}"
        )
