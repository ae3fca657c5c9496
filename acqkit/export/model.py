"""`load_model`: the exported model in any process, without its pool and its campaign."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from acqkit.campaign.embed import embed_one
from acqkit.components.records import in_full, objects_in
from acqkit.components.registry import Registry
from acqkit.components.resolve import resolve
from acqkit.devices import check_device
from acqkit.embeddings import FloatArray, ModalityEmbeddings
from acqkit.encoding.raw import is_raw
from acqkit.errors import EmbeddingError, ExportError, did_you_mean, shown
from acqkit.export.about import MODEL, PROBE, About, checked, read_about, reading
from acqkit.export.probe import check_probe
from acqkit.export.queries import RawQueries
from acqkit.export.shape import pool_of_shape
from acqkit.interfaces import Inputs, Model, ModelState, StatefulModel
from acqkit.tensors import as_numpy


class ExportedModel:
    """A trained model that embeds either modality alone; made by `load_model`.

    `about` is what `export.json` says, `model` the model itself, which embeds pairs.
    """

    def __init__(self, folder: Path, about: About, model: Model, queries: RawQueries) -> None:
        self.folder = folder
        self._queries = queries
        self.about = about
        self.model = model

    @property
    def modalities(self) -> tuple[str, str]:
        """Names of modality a and b."""
        return self.about.pool.modalities

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the `c` classes, in the order of probabilities."""
        return self.about.pool.class_names

    @property
    def dims(self) -> tuple[int, int] | None:
        """Widths of the features that the model reads, or None where it reads raw items."""
        return self.about.pool.dims

    def side(self, modality: str) -> int:
        """0 for modality a, 1 for b; raises ExportError for another name."""
        if modality not in self.modalities:
            hint = did_you_mean(modality, self.modalities)
            raise ExportError(f"the model has no modality {shown(modality)}; {hint}")
        return self.modalities.index(modality)

    def embed(self, inputs: Inputs, modality: str) -> ModalityEmbeddings:
        """Embeddings of `k` inputs of one modality: mean `[k, d]`, probabilities `[k, c]` or None.

        inputs: features `[k, width]` as the pool had them, numbers or a tensor; or a list of `k`
        raw items, where the model reads these or the pool's encoder of the modality is recorded:
        texts, pictures (`PIL.Image.Image`), or the content or `pathlib.Path` of their files. The
        cosine of two means, of one modality or of both, says how alike two inputs are.

        Raises ExportError for another modality or where the encoder cannot be made, and
        EmbeddingError for inputs that do not fit or are not finite.
        """
        side = self.side(modality)
        if self.dims is None:
            return embed_one(self.model, side, inputs)
        if modality in self.about.encoders and is_raw(inputs):
            inputs = self._queries.inputs(modality, inputs)
        features = _features(inputs, modality, self.dims[side])
        return embed_one(self.model, side, features, self.dims[1 - side])


def load_model(
    folder: str | Path,
    *,
    model: Any = None,
    device: str = "cpu",
    registry: Registry | None = None,
) -> ExportedModel:
    """Load what `acqkit campaign export` or `acqkit export` wrote; no pool is needed.

    What is read is JSON and safetensors, of which nothing is executed: the model is built by its
    name from what is installed, and given the arrays. `model` is an untrained model object of
    the same class, where the campaign had an object that no plugin registers.

    Raises ExportError where the folder holds no model, a damaged one or one of another kind, and
    PluginError where the component is not installed.
    """
    folder = Path(folder)
    check_device(device)
    about = read_about(folder)
    built = _built(folder, about, model, device, registry)
    path = checked(folder, about, MODEL)
    with reading(path):
        arrays = load_file(path)
    try:
        built.load_state(ModelState(arrays, about.model.state))
    except (EmbeddingError, KeyError, TypeError, ValueError) as error:
        raise ExportError(
            f"{folder / MODEL} does not fit the model that was built: {error}"
        ) from None
    if about.pool.dims is not None:
        versions = ", ".join(f"{name} {version}" for name, version in about.versions.items())
        check_probe(checked(folder, about, PROBE), built, about.pool.dims, versions)
    return ExportedModel(folder, about, built, RawQueries(folder, about, device, registry))


def _built(folder: Path, about: About, given: Any, device: str, registry: Registry | None) -> Any:
    record = about.model.record
    if not about.model.kept:
        raise ExportError(
            f"{folder} holds no model: what the {_named(record)} has learned is not all arrays and "
            "plain data, so it was left out; its embeddings and tables are there"
        )
    if given is None and objects_in(record):
        raise ExportError(
            f"the model in {folder} is an object of {_named(record)}, which no plugin registers, "
            "so it cannot be built by name; pass an untrained one: load_model(folder, model=...)"
        )
    part = resolve("model", record if given is None else given, registry)
    if given is not None and _named(part.record) != _named(record):
        raise ExportError(
            f"the model in {folder} is {in_full(record)}, but {in_full(part.record)} was passed; "
            "pass the same, untrained"
        )
    built = part.component.build(pool_of_shape(about.pool), device)
    if not isinstance(built, StatefulModel):
        raise ExportError(
            f"the {_named(record)} that is installed has no load_state, so it cannot be loaded; "
            "install the version that it was exported with"
        )
    return built


def _named(record: Any) -> str:
    return str(record.get("name") or record.get("class"))


def _features(inputs: Any, modality: str, width: int) -> FloatArray:
    try:
        features = np.asarray(as_numpy(inputs), dtype=np.float32)
    except (TypeError, ValueError):
        features = np.zeros((0,), np.float32)
    if features.ndim != 2 or features.shape[1] != width:
        got = np.shape(as_numpy(inputs)) or type(inputs).__name__
        raise EmbeddingError(
            f"the model reads features of {modality} of shape [k, {width}], got {got}; encode raw "
            "items as the pool's were"
        )
    if not np.isfinite(features).all():
        raise EmbeddingError(f"features of {modality} are not all finite; look at their encoder")
    return features
