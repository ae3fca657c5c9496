"""Encoders of pictures and texts, each library loaded when an encoder of it is used."""

from __future__ import annotations

from collections.abc import Mapping

from acqkit import Component, hookimpl
from acqkit_encoders.clip import Clip as Clip
from acqkit_encoders.own import CallableEncoder as CallableEncoder
from acqkit_encoders.sentences import SentenceEncoder as SentenceEncoder
from acqkit_encoders.timm_models import TimmEncoder as TimmEncoder
from acqkit_encoders.transformer import TransformersEncoder as TransformersEncoder
from acqkit_encoders.two_encoders import TwoEncoders as TwoEncoders


@hookimpl
def acqkit_register_encoders() -> Mapping[str, type[Component]]:
    """`callable`, `sentence-transformers`, `timm` and `transformers`."""
    return {
        "callable": CallableEncoder,
        "sentence-transformers": SentenceEncoder,
        "timm": TimmEncoder,
        "transformers": TransformersEncoder,
    }


@hookimpl
def acqkit_register_models() -> Mapping[str, type[Component]]:
    """`clip` and `two-encoders`, on raw pictures and texts."""
    return {"clip": Clip, "two-encoders": TwoEncoders}
