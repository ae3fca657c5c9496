"""`two-encoders`: any two encoders, with a small head each, as a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

import torch
from PIL import Image
from pydantic import Field
from torch import Tensor, nn

from acqkit import Component
from acqkit.components.resolve import resolve
from acqkit.encoding.config import EncoderSpec
from acqkit.interfaces import Encoder, Pool, VersionedEncoder
from acqkit.models import TorchPairModel, Tower
from acqkit_encoders.items import check_raw, pictures, texts


class TwoEncoders(Component):
    """Any two encoders, which stay as they are, with a small trained head on each.

    An encoder of pictures and one of texts by name, as in `acqkit pool build`; each item is encoded
    once in a training and once for the embeddings. A pool that was built with the same encoders
    encodes nothing any more.
    """

    encoder_a: EncoderSpec = Field(description="encoder of the first modality, NAME:MODEL")
    encoder_b: EncoderSpec = Field(description="encoder of the second modality, NAME:MODEL")
    images: Literal["a", "b"] = Field("a", description="which modality has the pictures")
    hidden: int = Field(256, ge=1, description="width of the hidden layer of each head")
    dim: int = Field(64, ge=1, description="width of the common space, class block apart")
    dropout: float = Field(0.3, ge=0, lt=1, description="dropout of the hidden layer")
    semantic_weight: float = Field(
        2.0, ge=0, description="weight of class probabilities within the embedding; 0: left out"
    )
    workers: int = Field(0, ge=0, description="processes that read pairs meanwhile")

    def build(self, pool: Pool, device: str) -> TorchPairModel:
        """An untrained model for `pool`'s classes.

        Raises ConfigError where an encoder cannot be loaded, PoolError for a pool of features.
        """
        check_raw(pool, "two-encoders")
        sides = (False, True) if self.images == "a" else (True, False)
        specs = (self.encoder_a, self.encoder_b)
        a, b = (self._tower(spec, is_text) for spec, is_text in zip(specs, sides, strict=True))
        model = TorchPairModel(
            a,
            b,
            dim=self.dim,
            n_classes=len(pool.class_names),
            multilabel=pool.multilabel,
            device=device,
            collate=(_reader(sides[0]), _reader(sides[1])),
            initialize=_draw,
            semantic_weight=self.semantic_weight,
            workers=self.workers,
        )
        model.reset(0)
        return model

    def _tower(self, spec: Any, is_text: bool) -> Tower:
        body = _Body(resolve("encoder", spec).component)
        width = body(["a"] if is_text else [Image.new("RGB", (64, 64))]).shape[1]
        with torch.random.fork_rng(devices=[]):
            head = nn.Sequential(
                nn.LayerNorm(width, elementwise_affine=False),
                nn.Linear(width, self.hidden),
                nn.ReLU(),
                nn.Dropout(self.dropout),
                nn.Linear(self.hidden, self.dim),
            )
        return Tower(body, head, frozen=True)


class _Body(nn.Module):
    """An encoder as a module without parameters, which says in words what it is."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self._encoder = encoder
        self.register_buffer("here", torch.empty(0), persistent=False)

    def forward(self, items: Sequence[Any]) -> Tensor:
        vectors = torch.as_tensor(self._encoder.encode(items), dtype=torch.float32)
        return vectors.to(cast(Tensor, self.here).device)

    def extra_repr(self) -> str:
        """By which models of other weights are told from each other."""
        made_with = self._encoder.version() if isinstance(self._encoder, VersionedEncoder) else {}
        return f"{self._encoder!r}, {dict(made_with)}"


def _reader(is_text: bool) -> Any:
    return texts if is_text else pictures


def _draw(head: nn.Module) -> None:
    for part in head.modules():
        reset = getattr(part, "reset_parameters", None)
        if callable(reset):
            reset()
