"""`sentence-transformers`: any model of that library, of texts or of pictures."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import Field

from acqkit import Component
from acqkit.embeddings import FloatArray
from acqkit.interfaces import ItemKind
from acqkit_encoders.loading import library, loading, versions, weights_digest


class SentenceEncoder(Component):
    """A model of sentence-transformers, by name or by local folder."""

    model: str = Field(description="name of the model, or its local folder")
    device: str = Field("cpu", description="torch device")
    half: bool = Field(False, description="in half precision")
    normalize: bool = Field(True, description="scale vectors to length 1")

    @property
    def accepts(self) -> frozenset[ItemKind]:
        """Texts; pictures where the model takes them."""
        transformer = _load(self.model, self.device, self.half)
        modalities = getattr(transformer, "modalities", None) or ["text"]
        kinds: dict[str, ItemKind] = {"text": "text", "image": "image"}
        return frozenset(kinds[name] for name in modalities if name in kinds)

    def encode(self, items: Sequence[Any]) -> FloatArray:
        """Vectors `[k, d]` float32; raises ConfigError where the model cannot be loaded."""
        transformer = _load(self.model, self.device, self.half)
        found = transformer.encode(
            list(items),
            batch_size=len(items),
            normalize_embeddings=self.normalize,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        return np.asarray(found, dtype=np.float32)

    def version(self) -> Mapping[str, str]:
        """Versions of the libraries, and a digest of the weights."""
        weights = weights_digest(_load(self.model, self.device, self.half))
        return {**versions("sentence-transformers", "transformers", "torch"), "weights": weights}


@functools.lru_cache(maxsize=4)
def _load(model: str, device: str, half: bool) -> Any:
    sentence_transformers = library("sentence_transformers", "sentence-transformers")
    with loading(model, "sentence-transformers"):
        found = sentence_transformers.SentenceTransformer(model, device=device)
    return (found.half() if half else found).eval()
