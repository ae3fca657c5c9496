"""What a build is, as one pydantic model: for YAML files, command-line flags and Python alike."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationError

from acqkit.components.explain import explain
from acqkit.components.spec import ComponentSpec, EngineSpec, Settings
from acqkit.errors import ConfigError

PathText = Annotated[Path, PlainSerializer(str)]


def short_form(value: Any) -> Any:
    """`NAME:MODEL` for `{name: NAME, model: MODEL}`."""
    if isinstance(value, str) and ":" in value:
        name, _, model = value.partition(":")
        return {"name": name, "model": model}
    return value


EncoderSpec = Annotated[ComponentSpec, BeforeValidator(short_form)]
"""An encoder as any component, or as `NAME:MODEL`, where MODEL is its parameter `model`."""


class BuildConfig(Settings):
    """How a pool is made from files."""

    source: PathText = Field(description="table or folder")
    out: PathText = Field(description="folder of the pool")
    encode_a: EncoderSpec = Field(description="encoder of the first modality")
    encode_b: EncoderSpec = Field(description="encoder of the second modality")
    a: str | None = Field(None, description="column of the first modality")
    b: str | None = Field(None, description="column of the second modality")
    files: PathText | None = Field(
        None, description="folder of the files that the table names (default: the table's own)"
    )
    id: str | None = Field(None, description="column of ids")
    label: str | None = Field(None, description="column of labels; empty is not labeled yet")
    split: str | None = Field(None, description="column of train or test")
    classes: PathText | None = Field(None, description="file of class names, a line each")
    multilabel: bool | None = Field(
        None, description="whether a pair may have several labels, or none of the classes"
    )
    name: str | None = Field(None, description="what people call the pool (default: of --out)")
    dtype: Literal["float32", "float16"] = Field("float32", description="numbers of the vectors")
    device: str = Field("cpu", description="torch device of the encoders, e.g. cuda")
    half: bool = Field(False, description="encode in half precision")
    batch_size: int = Field(64, ge=1, description="items encoded at a time")
    workers: int = Field(2, ge=0, description="threads that read and decode files meanwhile")
    engine: EngineSpec = Field(
        ComponentSpec(name="local"),
        description="where items are encoded: local, one of a plugin, or NAME://HOST:PORT",
    )
    dedup: Literal["exact", "near"] | None = Field(
        None, description="keep later duplicates out: the same items, or also nearly the same"
    )
    near: float = Field(
        0.99,
        gt=0,
        le=1,
        description="cosine in both modalities from which pairs are near duplicates",
    )


def make_build_config(data: Mapping[str, Any], source: str) -> BuildConfig:
    """A checked configuration; raises ConfigError with one sentence naming key and value."""
    try:
        return BuildConfig.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"{source}: {explain(error, BuildConfig)}") from None
