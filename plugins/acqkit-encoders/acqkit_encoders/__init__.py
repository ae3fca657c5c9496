"""Encoders of pictures and texts, each library loaded when an encoder of it is used."""

from __future__ import annotations

from collections.abc import Mapping

from acqkit import Component, hookimpl
from acqkit_encoders.own import CallableEncoder as CallableEncoder
from acqkit_encoders.sentences import SentenceEncoder as SentenceEncoder
from acqkit_encoders.timm_models import TimmEncoder as TimmEncoder
from acqkit_encoders.transformer import TransformersEncoder as TransformersEncoder


@hookimpl
def acqkit_register_encoders() -> Mapping[str, type[Component]]:
    """`callable`, `sentence-transformers`, `timm` and `transformers`."""
    return {
        "callable": CallableEncoder,
        "sentence-transformers": SentenceEncoder,
        "timm": TimmEncoder,
        "transformers": TransformersEncoder,
    }
