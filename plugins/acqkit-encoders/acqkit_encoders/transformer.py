"""`transformers`: dual encoders such as CLIP and SigLIP, and single towers of pictures or texts."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from acqkit import Component
from acqkit.embeddings import FloatArray
from acqkit.errors import ConfigError
from acqkit.interfaces import ItemKind
from acqkit_encoders.loading import library, loading, versions, weights_digest


class TransformersEncoder(Component):
    """A model of transformers, by name or by the folder to which it was saved.

    Of a dual encoder (CLIP, SigLIP and whatever has image and text features) the projections
    into the common space; of a single tower (DINOv2, ViT, BERT, ...) its pooled output: `mean`
    over the tokens that are no padding, `cls` for the first token, or what the model itself
    calls pooled.
    """

    model: str = Field(description="name of the model, or the folder to which it was saved")
    pooling: Literal["own", "mean", "cls"] | None = Field(
        None, description="of a single tower (default: mean for texts, cls for pictures)"
    )
    device: str = Field("cpu", description="torch device")
    half: bool = Field(False, description="in half precision")

    @property
    def accepts(self) -> frozenset[ItemKind]:
        """Both kinds of a dual encoder, else what the tower reads."""
        return frozenset(self._loaded().kinds)

    def encode(self, items: Sequence[Any]) -> FloatArray:
        """Vectors `[k, d]` float32; raises ConfigError where the model cannot be loaded."""
        loaded = self._loaded()
        is_text = bool(items) and isinstance(items[0], str)
        inputs = loaded.inputs(list(items), is_text=is_text).to(self.device)
        if self.half:
            inputs = inputs.to(torch.float16)  # its integers stay what they are
        with torch.inference_mode():
            found = loaded.vectors(inputs, is_text, self.pooling)
        vectors: FloatArray = found.float().cpu().numpy()
        return vectors

    def version(self) -> Mapping[str, str]:
        """Versions of the libraries, and a digest of the weights."""
        return {
            **versions("transformers", "torch"),
            "weights": weights_digest(self._loaded().model),
        }

    def _loaded(self) -> Loaded:
        return load(self.model, self.device, self.half)


class Loaded:
    """A model with what prepares its inputs."""

    def __init__(self, model: Any, processor: Any) -> None:
        self.model = model
        self.tokenizer = getattr(processor, "tokenizer", processor)
        self.pictures = getattr(processor, "image_processor", processor)
        self.dual = hasattr(model, "get_image_features") and hasattr(model, "get_text_features")
        self.kinds: list[ItemKind] = ["image", "text"] if self.dual else []
        if not self.dual:
            self.kinds = ["image" if model.main_input_name == "pixel_values" else "text"]

    def inputs(self, items: list[Any], *, is_text: bool) -> Any:
        """What the model reads of some items of one kind."""
        if not is_text:
            return self.pictures(images=items, return_tensors="pt")
        longest = self._longest()
        # SigLIP was trained with texts padded to one length, and wants them so.
        fixed = self.model.config.model_type.startswith("siglip")
        return self.tokenizer(
            items,
            return_tensors="pt",
            truncation=longest is not None,
            max_length=longest,
            padding="max_length" if fixed and longest is not None else True,
        )

    def vectors(self, inputs: Any, is_text: bool, pooling: str | None) -> Tensor:
        """A vector of each item."""
        if self.dual:
            return dual_features(self.model, inputs, is_text)
        found = self.model(**inputs)
        if pooling == "own":
            return _named(found, "pooler_output").flatten(1)
        hidden = _named(found, "last_hidden_state")
        if hidden.ndim == 4:  # feature maps of a convolutional network [k, d, h, w]
            return hidden.mean(dim=(2, 3))
        if (pooling or ("mean" if is_text else "cls")) == "cls":
            return hidden[:, 0]
        mask = inputs.get("attention_mask") if is_text else None
        if mask is None:
            return hidden.mean(dim=1)
        weights = mask[..., None].to(hidden.dtype)
        pooled: Tensor = (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
        return pooled

    def _longest(self) -> int | None:
        """Tokens that the model has positions for."""
        config = getattr(self.model.config, "text_config", self.model.config)
        positions = getattr(config, "max_position_embeddings", None)
        limits = [n for n in (positions, self.tokenizer.model_max_length) if n and n < 10**6]
        return min(limits, default=None)


def dual_features(model: Any, inputs: Mapping[str, Tensor], is_text: bool) -> Tensor:
    """What a dual encoder makes of texts or pictures, `[k, d]` in its common space."""
    found = (model.get_text_features if is_text else model.get_image_features)(**inputs)
    # Since version 5 the features come as the pooled output of a tower.
    return found if isinstance(found, Tensor) else _named(found, "pooler_output")


def _named(found: Any, name: str) -> Tensor:
    value = getattr(found, name, None)
    if not isinstance(value, Tensor):
        raise ConfigError(
            f"a {type(found).__name__} has no {name}; give another `pooling`: own, mean or cls"
        )
    return value


@functools.lru_cache(maxsize=4)
def load(model: str, device: str, half: bool) -> Loaded:
    transformers = library("transformers", "transformers")
    with loading(model, "transformers"):
        found = transformers.AutoModel.from_pretrained(model)
        if all(hasattr(found, f"get_{kind}_features") for kind in ("image", "text")):
            reader = transformers.AutoProcessor
        elif found.main_input_name == "pixel_values":
            reader = transformers.AutoImageProcessor
        else:
            reader = transformers.AutoTokenizer
        processor = reader.from_pretrained(model)
    found = found.to(device).eval()
    return Loaded(found.half() if half else found, processor)
