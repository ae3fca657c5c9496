"""Encoders: raw items of one modality in, vectors out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

from acqkit.embeddings import FloatArray

ItemKind = Literal["image", "text", "audio"]
"""What raw items are: pictures, texts, or sounds."""


@runtime_checkable
class Encoder(Protocol):
    """Turns raw items of one modality into vectors; the same item always into the same one."""

    def encode(self, items: Sequence[Any]) -> FloatArray:
        """Vectors `[k, d]` of `k` items, row i of item i; `d` is the same at every call.

        Items are pictures (`PIL.Image.Image` in RGB), texts (`str`) or sounds (`bytes`, a file's
        content), one kind a call. What is raised over one item must not depend on the others.
        """
        ...


@runtime_checkable
class SelectiveEncoder(Encoder, Protocol):
    """An encoder that takes some kinds of items only."""

    @property
    def accepts(self) -> frozenset[ItemKind]:
        """The kinds that `encode` takes."""
        ...


@runtime_checkable
class VersionedEncoder(Encoder, Protocol):
    """An encoder whose vectors depend on more than its parameters."""

    def version(self) -> Mapping[str, str]:
        """What vectors depend on beside the parameters, by name: libraries, digests of weights.

        Vectors of other versions are not used again. Raises ConfigError where it cannot be loaded.
        """
        ...
