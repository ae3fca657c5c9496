"""`timm`: a picture encoder of pytorch-image-models."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from pydantic import Field

from acqkit import Component
from acqkit.embeddings import FloatArray
from acqkit.interfaces import ItemKind
from acqkit_encoders.loading import library, loading, versions, weights_digest


class TimmEncoder(Component):
    """Pooled features of a timm model, with the transforms that it was trained with.

    By name, as `resnet50.a1_in1k`, whose weights are downloaded where they are not yet; or
    with `weights`, a file of them (`.safetensors` or `.pth`).
    """

    accepts: ClassVar[frozenset[ItemKind]] = frozenset({"image"})

    model: str = Field(description="name of the architecture, with the tag of its weights")
    weights: str | None = Field(None, description="file of weights instead of a download")
    device: str = Field("cpu", description="torch device")
    half: bool = Field(False, description="in half precision")

    def encode(self, items: Sequence[Any]) -> FloatArray:
        """Vectors `[k, d]` float32; raises ConfigError where the model cannot be loaded."""
        model, transform = _load(self.model, self.weights, self.device, self.half)
        batch = torch.stack([transform(item) for item in items]).to(self.device)
        with torch.inference_mode():
            found = model(batch.half() if self.half else batch)
        vectors: FloatArray = found.float().cpu().numpy()
        return vectors

    def version(self) -> Mapping[str, str]:
        """Versions of the libraries, and a digest of the weights."""
        model, _ = _load(self.model, self.weights, self.device, self.half)
        return {**versions("timm", "torchvision", "torch"), "weights": weights_digest(model)}


@functools.lru_cache(maxsize=4)
def _load(name: str, weights: str | None, device: str, half: bool) -> tuple[Any, Any]:
    timm = library("timm", "timm")
    with loading(weights or name, "timm"):
        model = timm.create_model(
            name, pretrained=weights is None, checkpoint_path=weights or "", num_classes=0
        )
        config = timm.data.resolve_model_data_config(model)
        transform = timm.data.create_transform(**config, is_training=False)
    model = model.to(device).eval()
    return (model.half() if half else model), transform
